-- What providers keep for callers, by the ids that went out through the gateway: for whom, and which deployment has it.
create table resource (
    resource_id text not null,
    cluster text not null,
    destination text not null,
    kind text not null,
    model text not null,
    team_id text,
    user_id text,
    key_hash blob,
    created_at integer not null,
    is_settled integer not null,
    primary key (resource_id, cluster, destination)
) strict, without rowid;

create index resource_by_kind on resource (kind, cluster, destination, created_at);
