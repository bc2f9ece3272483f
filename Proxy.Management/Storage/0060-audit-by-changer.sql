-- Who has changed something, and with which key: pages of it are read in the order of an index.
create index audit_log_by_changer on audit_log (changed_by, audit_id) where changed_by is not null;
create index audit_log_by_claim on audit_log (claimed_by, audit_id) where claimed_by is not null;
create index audit_log_by_key on audit_log (changed_by_key, audit_id) where changed_by_key is not null;
