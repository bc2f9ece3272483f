alter table log_target add column options text not null default '';

-- Until now only admins could name a target.
alter table log_target add column is_trusted bigint not null default 1;

-- Whose record it is: what a team has no right to keep any more can be found and removed.
alter table outbox add column owner text;

alter table dead_letter add column owner text;
