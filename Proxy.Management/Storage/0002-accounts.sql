-- Everything that has a spend, a budget or limits beside keys and teams: users, members of teams, organisations, customers, tags, models of
-- a key or a team, and the whole proxy. An id of two parts (a member is team and user) has char(31) between them.
create table account (
    kind text not null,
    id text not null,
    alias text,
    details text not null,
    budget_id text,
    is_blocked integer not null,
    spend integer not null,
    max_budget integer,
    soft_budget integer,
    budget_duration text,
    budget_reset_at integer,
    max_parallel_requests integer,
    tpm_limit integer,
    rpm_limit integer,
    created_at integer not null,
    updated_at integer not null,
    created_by text,
    updated_by text,
    primary key (kind, id)
) strict, without rowid;

create index account_by_reset on account (budget_reset_at) where budget_reset_at is not null;
create index account_by_budget on account (budget_id) where budget_id is not null;
create index api_key_by_reset on api_key (budget_reset_at) where budget_reset_at is not null;
create index team_by_reset on team (budget_reset_at) where budget_reset_at is not null;

insert into account (kind, id, details, is_blocked, spend, created_at, updated_at)
select 'user', user_id, '{}', 0, spend, created_at, updated_at
from app_user;

drop table app_user;

-- Terms that several accounts share by their budget_id.
create table budget (
    budget_id text not null primary key,
    details text not null,
    max_budget integer,
    soft_budget integer,
    budget_duration text,
    max_parallel_requests integer,
    tpm_limit integer,
    rpm_limit integer,
    created_at integer not null,
    updated_at integer not null,
    created_by text,
    updated_by text
) strict, without rowid;

-- An alert that was raised: once per scope, threshold and period. It waits here until it is delivered or given up.
create table budget_alert (
    kind text not null,
    id text not null,
    threshold text not null,
    period integer not null,
    spend integer not null,
    max_budget integer not null,
    raised_at integer not null,
    delivered_at integer,
    attempts integer not null,
    primary key (kind, id, threshold, period)
) strict, without rowid;

create index budget_alert_waiting on budget_alert (raised_at) where delivered_at is null;

alter table spend_log add column organization_id text;
