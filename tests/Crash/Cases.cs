using Txlfs.Tests.Crash.Ace;

namespace Txlfs.Tests.Crash;

/// <summary>Every kind of case by name, so that one command replays any of them.</summary>
public static class Cases
{
    /// <summary>Each of them stands for some hundred remounts.</summary>
    private const int RecoveredCuts = 3;

    public static IReadOnlyList<string> Kinds { get; } = ["cut", "tiny", "clean", "states", "recovery", "read-errors", "full", "damage", "long-replay", "life", "format", "mount-faults", "ace1", "ace2", "ace3", .. Enum.GetNames<FaultKind>()];

    /// <summary>Runs one seed; the number of remounts that were checked.</summary>
    public static int Execute(string kind, ulong seed, long? onlyEvent = null, int maxCuts = int.MaxValue)
    {
        switch (kind)
        {
            case "cut":
                return new CrashCase(Scenario.Draw(seed)) { OnlyEvent = onlyEvent, MaxCuts = maxCuts }.Execute();
            case "tiny":
                return new CrashCase(Scenario.DrawTiny(seed), "tiny") { OnlyEvent = onlyEvent, MaxCuts = maxCuts }.Execute();
            case "states":
                return new CrashCase(Scenario.DrawShort(seed), kind) { OnlyEvent = onlyEvent, EveryState = true }.Execute();
            case "recovery":
                return new CrashCase(Scenario.Draw(seed), kind) { OnlyEvent = onlyEvent, CutsRecovery = true, MaxCuts = Math.Min(maxCuts, RecoveredCuts) }.Execute();
            case "read-errors":
                return new ReadFaultCase(Scenario.Draw(seed) with { Tasks = 1 }).Execute();
            case "full":
                return new FullCase(seed % FullCase.Count).Execute();
            case "damage":
                return new DamageCase(Scenario.Draw(seed) with { Tasks = 1 }).Execute();
            case "long-replay":
                return new LongReplayCase(seed).Execute();
            case "life":
                return new LifeCase(Scenario.DrawLife(seed)).Execute();
            case "format":
                return new FormatCase(Scenario.Draw(seed)).Execute();
            case "mount-faults":
                return new MountFaultCase(Scenario.Draw(seed) with { Tasks = 1 }).Execute();
            case "ace1" or "ace2" or "ace3":
                int length = kind[3] - '0';
                AceWorkload workload = AceWorkload.At(length, seed % AceWorkload.Count(length));
                return workload.IsMirrored ? 0 : new AceCase(workload).Execute();
            case "clean":
                return new CrashCase(Scenario.DrawCleaning(seed), "clean") { OnlyEvent = onlyEvent, MaxCuts = maxCuts }.Execute();
            default:
                new FaultCase(Scenario.Draw(seed) with { Tasks = 1 }, Enum.Parse<FaultKind>(kind)).Execute();
                return 1;
        }
    }
}
