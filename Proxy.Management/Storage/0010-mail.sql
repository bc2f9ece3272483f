-- Mails that wait for the mail server. The text is encrypted, since it may hold an invitation; a mail that is sent or given up leaves.
create table mail (
    mail_id text not null primary key,
    recipient text not null,
    subject text not null,
    content text not null,
    created_at integer not null,
    next_attempt_at integer not null,
    attempts integer not null
) strict, without rowid;

create index mail_by_next_attempt on mail (next_attempt_at);
