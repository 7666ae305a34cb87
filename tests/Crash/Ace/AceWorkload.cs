namespace Txlfs.Tests.Crash.Ace;

/// <summary>A sequence of operations, each followed by a way to make it durable.</summary>
public sealed record AceWorkload(IReadOnlyList<(AceOperation Operation, AcePersistence Persistence)> Steps, ulong Number)
{
    private const int Persistences = 3;

    /// <summary>How many workloads of so many operations there are.</summary>
    public static ulong Count(int length) => Power((ulong)AceSet.Operations.Count, length) * Patterns(length);

    /// <summary>Workload number so and so of those with this many operations.</summary>
    public static AceWorkload At(int length, ulong number)
    {
        ulong pattern = number % Patterns(length);
        ulong rest = number / Patterns(length);
        bool endsWithCheckpoint = pattern >= Syncs(length);
        AcePersistence checkpoint = pattern == Syncs(length) ? AcePersistence.Checkpoint : AcePersistence.SyncedCheckpoint;
        var steps = new (AceOperation, AcePersistence)[length];
        for (int i = length - 1; i >= 0; i--)
        {
            AcePersistence persistence = i == length - 1
                ? endsWithCheckpoint ? checkpoint : AcePersistence.Sync
                : endsWithCheckpoint ? AcePersistence.None : (AcePersistence)(pattern % Persistences);
            pattern = i == length - 1 ? pattern : pattern / Persistences;
            steps[i] = (AceSet.Operations[(int)(rest % (ulong)AceSet.Operations.Count)], persistence);
            rest /= (ulong)AceSet.Operations.Count;
        }
        return new AceWorkload(steps, number);
    }

    /// <summary>
    /// Ways to make a sequence durable. The last operation always is: without that there is nothing to crash after. It is by a checkpoint only when that
    /// takes all operations at once, and by a sync after every choice for the others. A single one is also checkpointed with nothing left in the log to
    /// write, because only then does the checkpoint depend on its own flushes.
    /// </summary>
    private static ulong Patterns(int length) => Syncs(length) + (length == 1 ? 2UL : 1UL);

    private static ulong Syncs(int length) => Power(Persistences, length - 1);

    private static ulong Power(ulong value, int exponent) => exponent == 0 ? 1 : value * Power(value, exponent - 1);

    /// <summary>
    /// The same workload with "foo" and "A/foo" exchanged is another of the set: of two such, which touch nothing but the data of files, one is enough.
    /// </summary>
    public bool IsMirrored => Steps.Count > 1 && Steps.All(step => IsData(step.Operation)) && Steps[0].Operation.Path != "foo";

    private static bool IsData(AceOperation operation)
        => operation.Kind is AceKind.Write or AceKind.DirectWrite or AceKind.MappedWrite or AceKind.Fallocate or AceKind.Truncate;

    public override string ToString() => string.Join("; ", Steps.Select(step => step.Persistence == AcePersistence.None ? $"{step.Operation}" : $"{step.Operation}; {step.Persistence}"));
}
