-- A key goes by the hash of its first secret for good: calls, accounts and days know it by that. A key that is given a new secret keeps it.
alter table api_key add column secret_hash blob;
alter table api_key add column budget_id text;
alter table api_key add column owns_budget integer not null default 0;

create index api_key_by_budget on api_key (budget_id) where budget_id is not null;

-- Every secret that a key has or had, once it was given a second one. Without an end it is the present one.
create table key_secret (
    secret_hash blob not null primary key,
    key_hash blob not null,
    valid_until integer
) strict, without rowid;

create index key_secret_by_key on key_secret (key_hash);

-- Pages of lists are read in the order of an index.
drop index api_key_by_team;
drop index api_key_by_user;
create index api_key_by_creation on api_key (created_at);
create index api_key_by_change on api_key (updated_at);
create index api_key_by_budget_limit on api_key (max_budget);
create index api_key_by_team on api_key (team_id, created_at) where team_id is not null;
create index api_key_by_user on api_key (user_id, created_at) where user_id is not null;
create index api_key_by_organization on api_key (organization_id, created_at) where organization_id is not null;

-- How many keys there are of everybody, so that no list has to count them.
create table key_count (
    kind text not null,
    id text not null,
    key_count integer not null,
    primary key (kind, id)
) strict, without rowid;

insert into key_count
select 'all', '', count(*) from api_key;

insert into key_count
select 'user', user_id, count(*) from api_key where user_id is not null group by user_id;

insert into key_count
select 'team', team_id, count(*) from api_key where team_id is not null group by team_id;

insert into key_count
select 'organization', organization_id, count(*) from api_key where organization_id is not null group by organization_id;
