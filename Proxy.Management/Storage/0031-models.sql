-- Deployments of models that were made while the program runs, beside those of its configuration. Their parameters are encrypted.
create table model (
    model_id text not null primary key,
    model_name text not null,
    params text not null,
    info text not null,
    created_at integer not null,
    updated_at integer not null,
    created_by text,
    updated_by text
) strict, without rowid;
