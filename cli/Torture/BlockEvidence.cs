namespace Txlfs.Cli.Torture;

[Flags]
internal enum Evidence : byte
{
    None = 0,

    /// <summary>A sector of an earlier round.</summary>
    Old = 1,

    /// <summary>A sector that is no stamp of this run.</summary>
    Foreign = 2,

    /// <summary>A stamp of this run that belongs to another place.</summary>
    Misdirected = 4,
    Unreadable = 8,

    /// <summary>Sectors of earlier rounds that are not of one write.</summary>
    OldMixed = 16,

    /// <summary>A sector that the check itself has renewed for the next round, before the power went again.</summary>
    Renewed = 32,

    /// <summary>A stamp of a round that the header knows nothing of.</summary>
    FromFuture = 64,
}

/// <summary>What one block shows: the epochs of its sectors of this round, and what else was found in it. Kept for every block until all were read, because only then it is known how far the writing had got.</summary>
internal struct BlockEvidence
{
    public Evidence Flags;

    /// <summary>0: no sector of this round.</summary>
    public uint LeastEpoch, MostEpoch;

    /// <summary>The latest round that the header knows nothing of; 0: none.</summary>
    public uint FutureRound;

    public static BlockEvidence Read(ReadOnlySpan<byte> block, ulong runId, uint round, int number)
    {
        var seen = default(BlockEvidence);
        Stamp? firstOld = null;
        for (int sector = 0; sector < Stamp.SectorsPerBlock; sector++)
        {
            if (!Stamp.TryRead(block.Slice(sector * TortureLayout.SectorBytes, TortureLayout.SectorBytes), out Stamp stamp) || stamp.RunId != runId)
            {
                seen.Flags |= Evidence.Foreign;
            }
            else if (stamp.Block != number || stamp.Sector != sector)
            {
                seen.Flags |= Evidence.Misdirected;
            }
            else if (stamp.Round == round && stamp.Epoch != 0)
            {
                seen.LeastEpoch = seen.LeastEpoch == 0 ? stamp.Epoch : Math.Min(seen.LeastEpoch, stamp.Epoch);
                seen.MostEpoch = Math.Max(seen.MostEpoch, stamp.Epoch);
            }
            else if (stamp.Round > round)
            {
                bool isRenewed = stamp.Round == round + 1 && stamp.Epoch == 0;
                seen.Flags |= isRenewed ? Evidence.Renewed : Evidence.FromFuture;
                seen.FutureRound = isRenewed ? seen.FutureRound : Math.Max(seen.FutureRound, stamp.Round);
            }
            else
            {
                seen.Flags |= Evidence.Old;
                seen.Flags |= firstOld is { } first && (first.Round, first.Epoch) != (stamp.Round, stamp.Epoch) ? Evidence.OldMixed : Evidence.None;
                firstOld ??= stamp;
            }
        }
        return seen;
    }
}
