-- How far the journal reaches that stands before the table outbox on SQLite. What its files hold beyond was never committed. One row; none on PostgreSQL.
create table outbox_journal (
    id bigint not null primary key,
    first_segment bigint not null,
    segment bigint not null,
    length bigint not null,
    -- Rows of the table and of the journal have their ids from one count.
    next_id bigint not null
);
