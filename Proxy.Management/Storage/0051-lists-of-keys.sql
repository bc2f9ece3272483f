-- A list in the order of aliases has those without one too.
drop index api_key_by_alias;
create unique index api_key_by_alias on api_key (key_alias);
create index api_key_by_creator on api_key (created_by, created_at) where created_by is not null;
