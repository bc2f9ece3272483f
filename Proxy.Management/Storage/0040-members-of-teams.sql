-- Which teams a user is in: what the rows of teams say of their members, turned round, so that nobody has to read all teams.
create table team_member (
    user_id text not null,
    team_id text not null,
    role text not null,
    primary key (user_id, team_id)
) strict, without rowid;

create index team_member_by_team on team_member (team_id);

insert into team_member
select member.value ->> 'user_id', team_id, min(coalesce(member.value ->> 'role', 'user'))
from team cross join json_each(details -> 'members_with_roles') as member
where member.value ->> 'user_id' is not null
group by 1, 2;

-- Pages of lists are read in the order of an index.
create index team_by_creation on team (created_at, team_id);
create index team_by_alias on team (team_alias, team_id);
create index team_by_organization on team (organization_id, created_at) where organization_id is not null;
