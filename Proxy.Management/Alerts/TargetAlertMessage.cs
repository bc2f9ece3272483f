using System.Text.Json.Nodes;
using Proxy.Management.Bodies;
using Proxy.Management.Mail;
using Proxy.Management.Storage;

namespace Proxy.Management.Alerts;

/// <summary>What a webhook and a mail are told of a log target that needs repair, or needs it no more. No secret and nothing of a call is in it.</summary>
internal static class TargetAlertMessage
{
    public static JsonObject WebhookOf(TargetAlertRow row, TargetNews news) => news == TargetNews.Parked ? ParkedOf(row) : RecoveredOf(row);

    /// <summary>The subject holds nothing that a client chose.</summary>
    public static MailText MailOf(TargetAlertRow row, string recipient) => new(
        recipient,
        "Log alert: a log target takes no records until it is mended",
        $"{TextOf(row)}\nIt is so since {Format(row.Since)}. This is told once, and once a day while it lasts; that it is over is told too.\n");

    public static MailText RecoveryMailOf(TargetAlertRow row, long recoveredAt, string recipient) => new(
        recipient,
        "Log alert: a log target takes records again",
        $"{RecoveryTextOf(row)}\nIt took none from {Format(recoveredAt - row.Lasted)} to {Format(recoveredAt)}.\n");

    /// <summary><c>text</c> is what chat programs show.</summary>
    private static JsonObject ParkedOf(TargetAlertRow row) => new()
    {
        ["event"] = "log_target_parked",
        ["text"] = TextOf(row),
        ["target_id"] = row.TargetId,
        ["kind"] = row.Kind,
        ["host"] = row.Host,
        ["name"] = row.Name,
        ["reason"] = row.Reason,
        ["waiting"] = row.Waiting,
        ["teams"] = JsonNode.Parse(row.Teams),
        ["more_teams"] = row.MoreTeams,
        ["since"] = JsonValue.Create(Columns.ToMoment(row.Since)),
        ["raised_at"] = JsonValue.Create(Columns.ToMoment(row.RaisedAt)),
    };

    private static JsonObject RecoveredOf(TargetAlertRow row) => new()
    {
        ["event"] = "log_target_recovered",
        ["text"] = RecoveryTextOf(row),
        ["target_id"] = row.TargetId,
        ["kind"] = row.Kind,
        ["host"] = row.Host,
        ["name"] = row.Name,
        ["since"] = JsonValue.Create(Columns.ToMoment(row.RecoveredAt!.Value - row.Lasted)),
        ["lasted_seconds"] = row.Lasted / 1000,
        ["raised_at"] = JsonValue.Create(Columns.ToMoment(row.RecoveredAt.Value)),
    };

    // The names of teams and of projects are chosen by others: they must not look like lines of ours.
    private static string TextOf(TargetAlertRow row) => TextRules.OneLine(
        $"{NameOf(row)} takes no records: {row.Reason}. {WaitingOf(row)}{TeamsOf(row)} They are kept and tried every minute; GET /logging/targets shows how many wait now.");

    private static string RecoveryTextOf(TargetAlertRow row) => TextRules.OneLine($"{NameOf(row)} takes records again. It took none for {DurationOf(TimeSpan.FromMilliseconds(row.Lasted))}.");

    private static string NameOf(TargetAlertRow row) => $"The log target {(row.Host is null ? row.TargetId : $"{row.Kind} at {row.Host} ({row.Name})")}";

    private static string WaitingOf(TargetAlertRow row) => row.Waiting switch
    {
        null => "How many records wait for it is still being counted.",
        1 => "1 record waits for it.",
        var waiting => $"{waiting} records wait for it.",
    };

    private static string TeamsOf(TargetAlertRow row)
    {
        string[] teams = [.. JsonNode.Parse(row.Teams)!.AsArray().Select(team => (string)team!)];
        if (teams is [TargetAlert.Global]) return " All log there who have no target of their own.";

        return teams.Length == 0 ? "" : $" Teams that log there: {string.Join(", ", teams)}{(row.MoreTeams > 0 ? $" and {row.MoreTeams} more" : "")}.";
    }

    private static string DurationOf(TimeSpan lasted) => lasted switch
    {
        { TotalMinutes: < 1 } => "less than a minute",
        { TotalHours: < 1 } => Count(lasted.Minutes, "minute"),
        { TotalDays: < 1 } => $"{Count(lasted.Hours, "hour")} {Count(lasted.Minutes, "minute")}",
        _ => $"{Count(lasted.Days, "day")} {Count(lasted.Hours, "hour")}",
    };

    private static string Count(int count, string unit) => count == 1 ? $"1 {unit}" : $"{count} {unit}s";

    private static string Format(long milliseconds) => AlertMessage.Format(Columns.ToMoment(milliseconds));
}
