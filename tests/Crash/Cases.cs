namespace Txlfs.Tests.Crash;

/// <summary>Every kind of case by name, so that one command replays any of them.</summary>
public static class Cases
{
    public static IEnumerable<string> Kinds => ["cut", "tiny", .. Enum.GetNames<FaultKind>()];

    /// <summary>Runs one seed; the number of remounts that were checked.</summary>
    public static int Execute(string kind, ulong seed, long? onlyEvent = null, int maxCuts = int.MaxValue)
    {
        switch (kind)
        {
            case "cut":
                return new CrashCase(Scenario.Draw(seed)) { OnlyEvent = onlyEvent, MaxCuts = maxCuts }.Execute();
            case "tiny":
                return new CrashCase(Scenario.DrawTiny(seed), "tiny") { OnlyEvent = onlyEvent, MaxCuts = maxCuts }.Execute();
            default:
                new FaultCase(Scenario.Draw(seed) with { Tasks = 1 }, Enum.Parse<FaultKind>(kind)).Execute();
                return 1;
        }
    }
}
