-- What waits for a log target, and whose it is; whether anybody was told of the alert; and the recovery that the webhook has still to be told of, if there is one.
alter table target_alert add column waiting integer;
alter table target_alert add column teams text not null default '[]';
alter table target_alert add column more_teams integer not null default 0;
alter table target_alert add column is_told integer not null default 0;
alter table target_alert add column recovered_at integer;
alter table target_alert add column lasted integer not null default 0;
alter table target_alert add column recovery_attempts integer not null default 0;

update target_alert
set is_told = 1
where delivered_at is not null;

create index target_alert_recovered on target_alert (recovered_at) where recovered_at is not null;
