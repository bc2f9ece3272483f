-- Who is in an organisation: what the rows of users say of their memberships, turned round.
create table organization_member (
    organization_id text not null,
    user_id text not null,
    role text not null,
    created_at integer not null,
    primary key (organization_id, user_id)
) strict, without rowid;

create index organization_member_by_user on organization_member (user_id);
