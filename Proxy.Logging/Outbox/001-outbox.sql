-- Runs on SQLite. On PostgreSQL one thing differs: the id of outbox is `bigint generated always as identity primary key`.
-- SQLite takes any word for a type, so bytea and bigint stand here for both.
create table log_target (
    id text not null primary key,
    kind text not null,
    host text not null,
    public_key text not null,
    secret_protected text not null
);

create table outbox (
    -- An id is never given twice: a delete that is repeated must not meet a newer row.
    id integer primary key autoincrement,
    target_id text not null,
    created_at bigint not null,
    body bytea not null
);

create index outbox_by_target on outbox (target_id, id);

create table dead_letter (
    id bigint not null primary key,
    target_id text not null,
    created_at bigint not null,
    body bytea not null,
    answer text not null,
    died_at bigint not null
);
