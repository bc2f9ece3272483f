alter table team add column soft_budget integer;
