using Proxy.Management.ApiDescription;
using Proxy.Management.Bodies;
using static Proxy.Management.ApiDescription.SharedFields;

namespace Proxy.Management.Teams;

/// <summary>The team endpoints in the API's document.</summary>
internal static class TeamDescriptions
{
    private static readonly DetailField[] Settings =
    [
        .. LimitFields,
        .. TeamRequest.Details,
        new("team_id", DetailShape.Text),
        new("team_alias", DetailShape.Text),
        new("organization_id", DetailShape.Text),
        new("models", DetailShape.TextList, "[]"),
        new("metadata", DetailShape.Object, "{}"),
        new("blocked", DetailShape.Flag, "false"),
    ];

    private static readonly DetailField[] Membership = [.. Of(TeamMembership.Request), Text("team_id")];

    public static readonly EndpointDescription[] All =
    [
        new("POST", "/team/new", "Makes a team.")
        {
            Fields = Settings,
            Shown = ["team_alias", "models", "max_budget", "budget_duration"],
            Answer = TeamJson.Default.TeamView,
        },
        new("POST", "/team/update", "Changes a team: what is stated applies, null clears, what is absent stays.")
        {
            Fields = Settings,
            Required = ["team_id"],
            Shown = ["max_budget"],
            Answer = TeamJson.Default.TeamUpdated,
        },
        new("GET", "/team/info", "Shows a team with its keys and members.") { Answer = TeamJson.Default.TeamInfo },
        new("POST", "/team/block", "Has the calls of all keys of a team refused.") { Fields = [Text("team_id")], Required = ["team_id"], Answer = TeamJson.Default.TeamView },
        new("POST", "/team/unblock", "Takes a block back.") { Fields = [Text("team_id")], Required = ["team_id"], Answer = TeamJson.Default.TeamView },
        new("POST", "/team/delete", "Deletes teams with their keys, all that are named or none. What was spent stays in the book.")
        {
            Fields = [TextList("team_ids")],
            Required = ["team_ids"],
            Answer = TeamJson.Default.DeletedTeamIds,
        },
        new("GET", "/team/list", "Lists whole teams, at most 1,000 of them with at most 10,000 keys; who does not see all asks for their own.")
        {
            Query = [.. TeamListQuery.Whole.Select(QueryField)],
            Answer = TeamJson.Default.IReadOnlyListTeamView,
        },
        new("GET", "/v2/team/list", "Lists teams in pages; who does not see all asks for their own.")
        {
            Query = [.. TeamListQuery.Paged.Select(QueryField)],
            Answer = TeamJson.Default.TeamPageView,
        },
        new("GET", "/team/available", "Lists the teams that the operator lets every internal user join, without those that the caller is in.") { Answer = TeamJson.Default.IReadOnlyListAvailableTeam },
        new("POST", "/team/model/add", "Lets a team call more models. A team that could call all may then call these only.")
        {
            Fields = [Text("team_id"), TextList("models")],
            Required = ["team_id", "models"],
            Answer = TeamJson.Default.TeamView,
        },
        new("POST", "/team/model/delete", "Takes models from a team; the last one it keeps.")
        {
            Fields = [Text("team_id"), TextList("models")],
            Required = ["team_id", "models"],
            Answer = TeamJson.Default.TeamView,
        },
        new("GET", "/team/permissions_list", "Shows what members of a team who are no admins may do with its keys.") { Answer = TeamJson.Default.TeamPermissions },
        new("POST", "/team/permissions_update", "Says what members of a team who are no admins may do with its keys; an empty list leaves it to what each may do anyway.")
        {
            Fields = [Text("team_id"), TextList("team_member_permissions")],
            Required = ["team_id", "team_member_permissions"],
            Answer = TeamJson.Default.TeamView,
        },
        new("POST", "/team/member_add", "Puts users into a team, and says what each may use of it.")
        {
            Fields = [.. Membership, new("member", DetailShape.Any)],
            Required = ["team_id", "member"],
            Shown = ["max_budget_in_team"],
        },
        new("POST", "/team/bulk_member_add", "Puts up to 500 users into a team, each by itself.")
        {
            Fields = [.. Membership, new("members", DetailShape.List), new("all_users", DetailShape.Flag)],
            Required = ["team_id"],
            Shown = ["members", "max_budget_in_team"],
        },
        new("POST", "/team/member_update", "Changes what a member is in a team, and may use of it.")
        {
            Fields = [.. Membership, Text("user_id")],
            Required = ["team_id"],
            Shown = ["user_id", "max_budget_in_team"],
        },
        new("POST", "/team/member_delete", "Takes a member out of a team, and deletes the keys that they have in it.")
        {
            Fields = [Text("team_id"), Text("user_id"), Text("user_email")],
            Required = ["team_id"],
            Shown = ["user_id"],
            Answer = TeamJson.Default.TeamView,
        },
        new("POST", "/team/{team_id}/callback", "Has the calls of a team logged somewhere.")
        {
            Pattern = "/team/{**path:regex(^.+/callback$)}",
            Fields = [Text("callback_name"), new("callback_type", DetailShape.Text, "\"success_and_failure\""), new("callback_vars", DetailShape.Object)],
            Required = ["callback_name", "callback_vars"],
            Shown = ["callback_type"],
            Answer = TeamJson.Default.TeamAnswer,
        },
        new("GET", "/team/{team_id}/callback", "Shows where the calls of a team are logged, secrets masked.")
        {
            Pattern = "/team/{**path:regex(^.+/callback$)}",
            Answer = TeamJson.Default.TeamCallbacksAnswer,
        },
        new("DELETE", "/team/{team_id}/callback/{callback_name}", "Takes one callback of a team away; of several with one name, callback_id or callback_type says which.")
        {
            Pattern = "/team/{**path:regex(^.+/callback/[^/]+$)}",
            Answer = TeamJson.Default.TeamCallbacksAnswer,
        },
        new("POST", "/team/{team_id}/disable_logging", "Has nothing more of a team logged, and drops what still waits.")
        {
            Pattern = "/team/{**path:regex(^.+/disable_logging$)}",
            Answer = TeamJson.Default.TeamCallbacksAnswer,
        },
    ];

    private static DetailField QueryField(string name) => name switch
    {
        "page" or "page_size" => new DetailField(name, DetailShape.Count),
        _ => Text(name),
    };
}
