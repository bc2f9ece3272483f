using Proxy.Management.Budgets;

namespace Proxy.Host.Prometheus;

/// <summary>Writes what is left of the budgets of those keys and teams that have called of late.</summary>
internal sealed class BudgetExposition(CallFigures figures, TimeProvider time)
{
    public void Write(PrometheusText text)
    {
        var now = time.GetUtcNow();
        var callers = figures.Calls.All.Select(series => series.Value.Caller).OfType<Management.Access.Caller>().ToHashSet();
        var keys = callers.Select(caller => caller.Key).OfType<Management.Keys.KeyState>().DistinctBy(key => key.Current.Hash)
            .Select(key => (Labels: PrometheusText.Labels(new("hashed_api_key", key.Current.Hash.ToString()), new("api_key_alias", key.Current.Alias)), Standing: key.StandingAt(now)));
        var teams = callers.Select(caller => caller.Team).OfType<Management.Teams.TeamState>().DistinctBy(team => team.Current.TeamId)
            .Select(team => (Labels: PrometheusText.Labels(new("team", team.Current.TeamId), new("team_alias", team.Current.Alias)), Standing: team.StandingAt(now)));
        Write(text, "api_key", keys.Where(key => key.Standing is not null).Select(key => (key.Labels, key.Standing!.Value)).ToList());
        Write(text, "team", teams.Where(team => team.Standing is not null).Select(team => (team.Labels, team.Standing!.Value)).ToList());
    }

    private static void Write(PrometheusText text, string whose, List<(byte[] Labels, BudgetStanding Standing)> standings)
    {
        void Gauge(string name, string help, Func<BudgetStanding, double?> value)
        {
            text.Family(name, "gauge", help);
            foreach (var (labels, standing) in standings)
            {
                if (value(standing) is { } figure) text.Sample(name, labels, figure);
            }
        }

        Gauge($"litellm_remaining_{whose}_budget_metric", "Dollars that are left.", standing => (double)standing.Remaining);
        Gauge($"litellm_{whose}_max_budget_metric", "Dollars of the budget.", standing => (double)standing.MaxBudget);
        Gauge($"litellm_{whose}_budget_remaining_hours_metric", "Hours until the budget begins anew.", standing => standing.UntilReset?.TotalHours);
    }
}
