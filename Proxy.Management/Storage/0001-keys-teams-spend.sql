create table team (
    team_id text not null primary key,
    team_alias text,
    organization_id text,
    models text not null,
    metadata text not null,
    details text not null,
    callbacks text,
    is_logging_disabled integer not null,
    is_blocked integer not null,
    spend integer not null,
    max_budget integer,
    budget_duration text,
    budget_reset_at integer,
    max_parallel_requests integer,
    tpm_limit integer,
    rpm_limit integer,
    created_at integer not null,
    updated_at integer not null,
    created_by text,
    updated_by text
) strict;

create table api_key (
    key_hash blob not null primary key,
    key_name text not null,
    key_alias text,
    user_id text,
    team_id text references team (team_id),
    organization_id text,
    models text not null,
    metadata text not null,
    details text not null,
    callbacks text,
    is_blocked integer,
    spend integer not null,
    max_budget integer,
    soft_budget integer,
    budget_duration text,
    budget_reset_at integer,
    max_parallel_requests integer,
    tpm_limit integer,
    rpm_limit integer,
    expires_at integer,
    created_at integer not null,
    updated_at integer not null,
    created_by text,
    updated_by text
) strict, without rowid;

create unique index api_key_by_alias on api_key (key_alias) where key_alias is not null;
create index api_key_by_team on api_key (team_id) where team_id is not null;
create index api_key_by_user on api_key (user_id) where user_id is not null;

create table app_user (
    user_id text not null primary key,
    spend integer not null,
    created_at integer not null,
    updated_at integer not null
) strict, without rowid;

-- call_id is a UUID of version 7 in network order, so rows are appended in the order of time.
create table spend_log (
    call_id blob not null primary key,
    call_type text not null,
    key_hash blob,
    team_id text,
    user_id text,
    end_user text,
    model text not null,
    upstream_model text,
    provider text,
    destination text,
    outcome integer not null,
    status_code integer not null,
    error_type text,
    input_tokens integer not null,
    cached_input_tokens integer not null,
    cache_write_tokens integer not null,
    output_tokens integer not null,
    reasoning_tokens integer not null,
    cost integer not null,
    is_estimated integer not null,
    is_unpriced integer not null,
    started_at integer not null,
    ended_at integer not null,
    first_token_at integer,
    tags text,
    session_id text,
    requester_ip text,
    attempts integer not null
) strict, without rowid;
