-- Who changed what, one row for each row that a commit of the management API changed; in the transaction of the change. Ids grow with time.
create table audit_log (
    audit_id text not null primary key,
    changed_at integer not null,
    changed_by text,
    changed_by_key text,
    key_alias text,
    claimed_by text,
    action text not null,
    table_name text not null,
    object_id text not null,
    before_value text,
    updated_values text
) strict, without rowid;

create index audit_log_by_object on audit_log (object_id, audit_id);
