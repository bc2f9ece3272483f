-- What the calls of a day came to, by everything that is asked for. Each call is added in its own commit, so that no read has to add up
-- the book. A day is a number of days since 1970, in UTC; what a call does not have is empty.
create table spend_day (
    day integer not null,
    key_hash blob not null,
    team_id text not null,
    user_id text not null,
    organization_id text not null,
    model text not null,
    upstream_model text not null,
    provider text not null,
    requests integer not null,
    successes integer not null,
    prompt_tokens integer not null,
    completion_tokens integer not null,
    cached_tokens integer not null,
    cache_write_tokens integer not null,
    spend integer not null,
    primary key (day, key_hash, team_id, user_id, organization_id, model, upstream_model, provider)
) strict, without rowid;

create index spend_day_by_key on spend_day (key_hash, day);
create index spend_day_by_team on spend_day (team_id, day) where team_id <> '';
create index spend_day_by_user on spend_day (user_id, day) where user_id <> '';
create index spend_day_by_organization on spend_day (organization_id, day) where organization_id <> '';

insert into spend_day
select started_at / 86400000, coalesce(key_hash, cast('' as blob)), coalesce(team_id, ''), coalesce(user_id, ''), coalesce(organization_id, ''),
    substr(model, 1, 85), substr(coalesce(upstream_model, ''), 1, 85), coalesce(provider, ''),
    count(*), sum(case outcome when 0 then 1 else 0 end),
    cast(sum(input_tokens + cached_input_tokens + cache_write_tokens) as bigint), cast(sum(output_tokens + reasoning_tokens) as bigint),
    cast(sum(cached_input_tokens) as bigint), cast(sum(cache_write_tokens) as bigint), cast(sum(cost) as bigint)
from spend_log
group by 1, 2, 3, 4, 5, 6, 7, 8;

-- The same of the customers and tags of calls, of which one call may have many.
create table account_day (
    kind text not null,
    id text not null,
    day integer not null,
    model text not null,
    requests integer not null,
    successes integer not null,
    prompt_tokens integer not null,
    completion_tokens integer not null,
    cached_tokens integer not null,
    cache_write_tokens integer not null,
    spend integer not null,
    primary key (kind, id, day, model)
) strict, without rowid;

create index account_day_by_day on account_day (kind, day);

insert into account_day
select 'end_user', end_user, started_at / 86400000, substr(model, 1, 85),
    count(*), sum(case outcome when 0 then 1 else 0 end),
    cast(sum(input_tokens + cached_input_tokens + cache_write_tokens) as bigint), cast(sum(output_tokens + reasoning_tokens) as bigint),
    cast(sum(cached_input_tokens) as bigint), cast(sum(cache_write_tokens) as bigint), cast(sum(cost) as bigint)
from spend_log
where end_user is not null
group by 1, 2, 3, 4;

insert into account_day
select 'tag', tag.value, started_at / 86400000, substr(model, 1, 85),
    count(*), sum(case outcome when 0 then 1 else 0 end),
    cast(sum(input_tokens + cached_input_tokens + cache_write_tokens) as bigint), cast(sum(output_tokens + reasoning_tokens) as bigint),
    cast(sum(cached_input_tokens) as bigint), cast(sum(cache_write_tokens) as bigint), cast(sum(cost) as bigint)
from spend_log cross join json_each(replace(coalesce(tags, '[]'), '\u0000', '\ufffd')) as tag
group by 1, 2, 3, 4;
