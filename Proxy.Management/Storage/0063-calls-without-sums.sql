-- The calls that are in the book and not yet in the sums of their keys, teams, accounts and days; a row for each commit, gone when the sums are written.
-- For each call: its id, then how many accounts it is counted in beside those that its entry names, then the kind and the id of each of them.
create table spend_unsummed (
    id integer not null primary key,
    calls blob not null
) strict;
