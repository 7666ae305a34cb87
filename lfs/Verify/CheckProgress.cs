namespace Txlfs.Lfs.Verify;

/// <summary>The parts of a check, in their order.</summary>
public enum CheckPass { Superblocks = 1, Log = 2, Index = 3, Names = 4, Data = 5, Repair = 6, Scan = 7, Rebuild = 8 }

/// <summary>Told how far a check has got; called often, from one place at a time.</summary>
public interface ICheckProgress
{
    /// <summary>A pass begins; the total is an estimate in units of its own.</summary>
    void Begin(CheckPass pass, long total);

    void Advance(long units);
}

internal sealed class NoProgress : ICheckProgress
{
    public static NoProgress Instance { get; } = new();

    public void Begin(CheckPass pass, long total)
    {
    }

    public void Advance(long units)
    {
    }
}
