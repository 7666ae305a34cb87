using Txlfs.Journal.Device.Simulated;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Crash;

/// <summary>What a power cut may leave at one moment. <paramref name="Key"/> is the same for states of one run that have the same bytes.</summary>
public readonly record struct CutState(ulong Key, ICutPolicy Policy);

/// <summary>
/// Goes through what a power cut may leave of the unflushed writes: every subset up to a bound, and beside them each write torn in several ways; above
/// the bound the extremes, each write alone in being lost or kept, and samples. Orders need no choice of their own: no two unflushed writes of a
/// log overlap, which is checked, so every order leaves the same bytes.
/// </summary>
public static class CutStates
{
    /// <summary>Up to so many unflushed writes every subset is looked at.</summary>
    private const int MaxExhaustiveWrites = 6;
    private const int Samples = 24;

    private enum Fate : byte { Lost, Kept, FirstSector, FirstHalf, AllButFirst, EverySecond }

    private static readonly Fate[] Tears = [Fate.FirstHalf, Fate.EverySecond, Fate.FirstSector, Fate.AllButFirst];

    /// <summary>The states of this moment. <paramref name="tears"/>: in how many ways (of 4) each write is torn.</summary>
    public static IEnumerable<CutState> Of(SimulatedBlockDevice device, ulong seed, int tears = 4)
    {
        IReadOnlyList<UnflushedWrite> writes = device.Unflushed;
        CheckNoOverlap(writes);
        ulong medium = device.MediumKey;
        HashSet<ulong> seen = [];
        foreach (Fate[] fates in writes.Count <= MaxExhaustiveWrites ? Subsets(writes.Count) : Extremes(writes.Count).Concat(Sampled(writes, seed)))
        {
            if (seen.Add(Key(medium, writes, fates)))
            {
                yield return new CutState(Key(medium, writes, fates), new Fates(fates));
            }
        }
        if (writes.Count > MaxExhaustiveWrites)
        {
            Coverage.Count("cuts: moments with subsets sampled");
            yield break;
        }
        Coverage.Count("cuts: moments with every subset");
        foreach (Fate[] fates in Torn(writes, tears))
        {
            Coverage.Count("cuts: states with a torn write");
            yield return new CutState(Key(medium, writes, fates), new Fates(fates));
        }
    }

    private static IEnumerable<Fate[]> Subsets(int count)
    {
        for (int survivors = 0; survivors < 1 << count; survivors++)
        {
            Fate[] fates = new Fate[count];
            for (int i = 0; i < count; i++)
            {
                fates[i] = (survivors >> i & 1) != 0 ? Fate.Kept : Fate.Lost;
            }
            yield return fates;
        }
    }

    /// <summary>Each write torn in each way, with all others kept and with all others lost.</summary>
    private static IEnumerable<Fate[]> Torn(IReadOnlyList<UnflushedWrite> writes, int tears)
    {
        for (int i = 0; i < writes.Count; i++)
        {
            foreach (Fate tear in Tears.Take(tears))
            {
                foreach (Fate others in new[] { Fate.Kept, Fate.Lost }.Take(writes.Count == 1 ? 1 : 2))
                {
                    Fate[] fates = new Fate[writes.Count];
                    Array.Fill(fates, others);
                    fates[i] = tear;
                    yield return fates;
                }
            }
        }
    }

    private static IEnumerable<Fate[]> Extremes(int count)
    {
        foreach (Fate most in new[] { Fate.Kept, Fate.Lost })
        {
            for (int odd = -1; odd < count; odd++)
            {
                Fate[] fates = new Fate[count];
                Array.Fill(fates, most);
                if (odd >= 0)
                {
                    fates[odd] = most == Fate.Kept ? Fate.Lost : Fate.Kept;
                }
                yield return fates;
            }
        }
    }

    private static IEnumerable<Fate[]> Sampled(IReadOnlyList<UnflushedWrite> writes, ulong seed)
    {
        SeededRandom random = new(seed ^ (ulong)writes[^1].Number);
        for (int i = 0; i < Samples; i++)
        {
            yield return [.. writes.Select(_ => random.OneIn(6) ? random.Pick(Tears) : random.OneIn(2) ? Fate.Kept : Fate.Lost)];
        }
    }

    private static ulong Key(ulong medium, IReadOnlyList<UnflushedWrite> writes, Fate[] fates)
    {
        for (int i = 0; i < fates.Length; i++)
        {
            medium ^= fates[i] switch { Fate.Lost => 0, Fate.Kept => writes[i].Key, Fate tear => Hashing.Mix(writes[i].Key, (ulong)tear) };
        }
        return medium;
    }

    private static void CheckNoOverlap(IReadOnlyList<UnflushedWrite> writes)
    {
        List<UnflushedWrite> sorted = [.. writes.OrderBy(write => write.OffsetBytes)];
        for (int i = 1; i < sorted.Count; i++)
        {
            if (sorted[i - 1].OffsetBytes + sorted[i - 1].LengthBytes > sorted[i].OffsetBytes)
            {
                throw new CrashFailure($"two unflushed writes overlap at {sorted[i].OffsetBytes}: which of them a cut leaves depends on the order that the device writes them in");
            }
        }
    }

    private sealed class Fates(Fate[] fates) : ICutPolicy
    {
        public void Choose(UnflushedWrite write, int index, Span<bool> survives)
        {
            switch (fates[index])
            {
                case Fate.Kept:
                    survives.Fill(true);
                    break;
                case Fate.FirstSector:
                    survives[0] = true;
                    break;
                case Fate.FirstHalf:
                    survives[..(survives.Length / 2)].Fill(true);
                    break;
                case Fate.AllButFirst:
                    survives[1..].Fill(true);
                    break;
                case Fate.EverySecond:
                    for (int i = 0; i < survives.Length; i += 2)
                    {
                        survives[i] = true;
                    }
                    break;
            }
        }
    }
}
