-- What was told of log targets that need repair: a row for each that ever did, open until it takes records again. It waits here until it is delivered or given up.
create table target_alert (
    target_id text not null primary key,
    kind text,
    host text,
    name text,
    reason text not null,
    since integer not null,
    is_open integer not null,
    raised_at integer not null,
    delivered_at integer,
    attempts integer not null
) strict, without rowid;

create index target_alert_waiting on target_alert (raised_at) where delivered_at is null;
