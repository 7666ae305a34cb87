using Txlfs.Journal.Runtime.Simulation;

namespace Txlfs.Journal.Device.Simulated;

/// <summary>Decides what a power cut leaves of the unflushed writes. Asked once per write, oldest first; what survives of a later write lies over an earlier one.</summary>
public interface ICutPolicy
{
    /// <summary>Sets one flag per 512-byte sector: whether it reached the medium. All are false at first.</summary>
    void Choose(UnflushedWrite write, int index, Span<bool> survives);
}

public static class CutPolicy
{
    /// <summary>The cache was all written out.</summary>
    public static readonly ICutPolicy KeepAll = new Constant(true);

    /// <summary>The cache was all lost.</summary>
    public static readonly ICutPolicy DropAll = new Constant(false);

    /// <summary>Each write is kept, dropped or torn, by the seed.</summary>
    public static ICutPolicy Random(ulong seed) => new Seeded(seed);

    /// <summary>Write number i of <see cref="SimulatedBlockDevice.Unflushed"/> survives iff bit i is set: for going through all subsets of up to 64 writes.</summary>
    public static ICutPolicy Subset(ulong survivors) => new Mask(survivors);

    private sealed class Constant(bool isKept) : ICutPolicy
    {
        public void Choose(UnflushedWrite write, int index, Span<bool> survives) => survives.Fill(isKept);
    }

    private sealed class Mask(ulong survivors) : ICutPolicy
    {
        public void Choose(UnflushedWrite write, int index, Span<bool> survives)
        {
            if (index >= 64)
                throw new ArgumentOutOfRangeException(nameof(index), "more than 64 unflushed writes cannot be told apart by a mask");
            survives.Fill((survivors >> index & 1) != 0);
        }
    }

    private sealed class Seeded(ulong seed) : ICutPolicy
    {
        private readonly Xoshiro256 _random = new(seed);

        public void Choose(UnflushedWrite write, int index, Span<bool> survives)
        {
            switch (_random.Next(6))
            {
                case 0 or 1:
                    survives.Fill(true);
                    break;
                case 2 or 3:
                    break;
                case 4:
                    survives[.._random.Next(survives.Length + 1)].Fill(true);
                    break;
                default:
                    ChooseRuns(survives);
                    break;
            }
        }

        /// <summary>Runs of random length, kept and dropped by turns.</summary>
        private void ChooseRuns(Span<bool> survives)
        {
            bool isKept = _random.OneIn(2);
            for (int at = 0; at < survives.Length; isKept = !isKept)
            {
                int run = Math.Min(1 + _random.Next(8), survives.Length - at);
                survives.Slice(at, run).Fill(isKept);
                at += run;
            }
        }
    }
}
