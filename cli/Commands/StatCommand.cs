using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Txlfs.Fsd.Control;
using Txlfs.Fsd.Host;

namespace Txlfs.Cli.Commands;

/// <summary><c>txlfs stat</c>: every live figure of a mount, once or again and again with what changed.</summary>
internal static class StatCommand
{
    public static Command Build()
    {
        Argument<string> target = new("DIRECTORY") { Description = "where the volume is mounted, or its device" };
        Option<int> watch = new("--watch", "-w") { Description = "again every so many seconds, with what came since", HelpName = "SECONDS" };
        watch.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && (!int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) || seconds is < 1 or > 3600))
            {
                result.AddError($"--watch {token.Value}: expected seconds, 1 to 3600");
            }
        });
        Command command = new("stat", "print every live figure of a mounted volume") { target, watch };
        command.SetAction((parsed, token) => RunAsync(parsed.GetRequiredValue(target), parsed.GetValue(watch), token));
        return command;
    }

    private static async Task<int> RunAsync(string target, int intervalSeconds, CancellationToken token)
    {
        using ControlClient client = LiveMount.Connect(target);
        Dictionary<string, long> before = Print(await client.CallAsync("info", token: token).ConfigureAwait(false), null);
        if (intervalSeconds == 0)
        {
            return ExitCodes.Success;
        }
        using PeriodicTimer timer = new(TimeSpan.FromSeconds(intervalSeconds));
        while (await timer.WaitForNextTickAsync(token).ConfigureAwait(false))
        {
            JsonElement now = await client.CallAsync("info", token: token).ConfigureAwait(false);
            Console.Out.WriteLine();
            before = Print(now, before);
        }
        return ExitCodes.Success;
    }

    /// <summary>One line a figure; with earlier figures only those that have changed, and by how much.</summary>
    private static Dictionary<string, long> Print(JsonElement info, Dictionary<string, long>? before)
    {
        Dictionary<string, long> figures = [];
        foreach (JsonProperty group in info.EnumerateObject().Where(group => group.Value.ValueKind == JsonValueKind.Object))
        {
            foreach (JsonProperty figure in group.Value.EnumerateObject().Where(figure => figure.Value.ValueKind == JsonValueKind.Number))
            {
                string name = $"{group.Name}.{figure.Name}";
                long value = figures[name] = figure.Value.GetInt64();
                long change = before is null ? 0 : value - before.GetValueOrDefault(name);
                if (before is null || change != 0)
                {
                    Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-28}{value,20}{(before is null ? "" : $"{change,20:+#;-#}")}"));
                }
            }
        }
        return figures;
    }
}
