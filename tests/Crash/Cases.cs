using Txlfs.Tests.Crash.Ace;

namespace Txlfs.Tests.Crash;

/// <summary>Every kind of case by name, so that one command replays any of them.</summary>
public static class Cases
{
    public static IReadOnlyList<string> Kinds { get; } = ["cut", "tiny", "ace1", "ace2", "ace3", .. Enum.GetNames<FaultKind>()];

    /// <summary>Runs one seed; the number of remounts that were checked.</summary>
    public static int Execute(string kind, ulong seed, long? onlyEvent = null, int maxCuts = int.MaxValue)
    {
        switch (kind)
        {
            case "cut":
                return new CrashCase(Scenario.Draw(seed)) { OnlyEvent = onlyEvent, MaxCuts = maxCuts }.Execute();
            case "tiny":
                return new CrashCase(Scenario.DrawTiny(seed), "tiny") { OnlyEvent = onlyEvent, MaxCuts = maxCuts }.Execute();
            case "ace1" or "ace2" or "ace3":
                int length = kind[3] - '0';
                return new AceCase(AceWorkload.At(length, seed % AceWorkload.Count(length))).Execute();
            default:
                new FaultCase(Scenario.Draw(seed) with { Tasks = 1 }, Enum.Parse<FaultKind>(kind)).Execute();
                return 1;
        }
    }
}
