-- Where rows are on SQLite that wait for longer: many of one target and owner together, in a file beside the database. None on PostgreSQL.
create table outbox_chunk (
    -- The id of its first row; those of the others follow it. Ids are from the count that those of outbox are from.
    id bigint not null primary key,
    row_count bigint not null,
    target_id text not null,
    owner text,
    -- When the first row was written.
    created_at bigint not null,
    -- How long the bodies are together.
    bytes bigint not null,
    -- In which file, and where there.
    file bigint not null,
    place bigint not null,
    length bigint not null
);

create index outbox_chunk_by_target on outbox_chunk (target_id, id);

create index outbox_chunk_by_file on outbox_chunk (file, place);
