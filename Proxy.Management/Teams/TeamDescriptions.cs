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
        new("POST", "/team/member_add", "Puts users into a team, and says what each may use of it.")
        {
            Fields = [.. Membership, new("member", DetailShape.Any)],
            Required = ["team_id", "member"],
            Shown = ["max_budget_in_team"],
        },
        new("POST", "/team/member_update", "Changes what a member may use of a team.")
        {
            Fields = [.. Membership, Text("user_id")],
            Required = ["team_id", "user_id"],
            Shown = ["max_budget_in_team"],
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
        new("POST", "/team/{team_id}/disable_logging", "Has nothing more of a team logged, and drops what still waits.")
        {
            Pattern = "/team/{**path:regex(^.+/disable_logging$)}",
            Answer = TeamJson.Default.TeamCallbacksAnswer,
        },
    ];
}
