using Txlfs.Journal.Codec;
using Txlfs.Lfs;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Crash;

/// <summary>What a run is like; all of it drawn from the seed.</summary>
public sealed record Scenario
{
    public required ulong Seed { get; init; }
    public required long DeviceBytes { get; init; }
    public required FormatOptions Format { get; init; }
    public required VolumeOptions Volume { get; init; }
    public required GeneratorProfile Profile { get; init; }
    public required int Tasks { get; init; }
    public required int OperationsPerTask { get; init; }

    /// <summary>One step in so many is a sync, a checkpoint, a pause in which timers run.</summary>
    public required int SyncOneIn { get; init; }
    public required int CheckpointOneIn { get; init; }
    public required int PauseOneIn { get; init; }
    public required bool EndsWithClose { get; init; }

    /// <summary>Operations may fail with ENOSPC.</summary>
    public bool MayFillUp { get; init; }

    public static Scenario Draw(ulong seed)
    {
        SeededRandom random = new(seed);
        int tasks = random.OneIn(3) ? random.Between(2, 4) : 1;
        return new Scenario
        {
            Seed = seed,
            DeviceBytes = random.Pick([48L << 20, 96L << 20, 160L << 20]),
            Format = new FormatOptions
            {
                SegmentBytes = random.Pick([Limits.MinSegmentBytes, Limits.MinSegmentBytes, Limits.DefaultSegmentBytes]),
                Compression = random.OneIn(4) ? CodecKind.None : CodecKind.Lz4,
                Checksum = random.OneIn(6) ? ChecksumKind.Sha256 : ChecksumKind.Crc32c,
            },
            Volume = new VolumeOptions
            {
                MemoryBytes = random.Pick([16L << 20, 32L << 20]),
                CheckpointLogBytes = random.Pick([256L << 10, 1L << 20, 256L << 20]),
                CheckpointIntervalMs = random.Pick([200, 30_000]),
                CommitIntervalMs = random.Pick([5, 1000]),
                Discard = new SeededRandom(~seed).OneIn(2),
            },
            Profile = GeneratorProfile.Draw(random),
            Tasks = tasks,
            OperationsPerTask = random.Between(30, 100) / tasks,
            SyncOneIn = random.Pick([3, 8, 20, 1000]),
            CheckpointOneIn = random.Pick([10, 40, 1000]),
            PauseOneIn = random.Pick([6, 30, 1000]),
            EndsWithClose = random.OneIn(4),
        };
    }

    /// <summary>One task and few operations: for runs of which every state is looked at.</summary>
    public static Scenario DrawShort(ulong seed) => Draw(seed) with { Tasks = 1, OperationsPerTask = 12, SyncOneIn = 4, CheckpointOneIn = 6, PauseOneIn = 6 };

    /// <summary>One of many short lives of a small volume, each ended by a cut, with so many checkpoints that their ring comes round.</summary>
    public static Scenario DrawLife(ulong seed)
    {
        Scenario scenario = Draw(seed);
        return scenario with
        {
            DeviceBytes = 32L << 20,
            Format = scenario.Format with { SegmentBytes = Limits.MinSegmentBytes },
            OperationsPerTask = 20 / scenario.Tasks,
            SyncOneIn = 4,
            CheckpointOneIn = 2,
            MayFillUp = true,
        };
    }

    /// <summary>A volume so small that the same operations fill it.</summary>
    public static Scenario DrawTiny(ulong seed)
    {
        Scenario scenario = Draw(seed);
        return scenario with
        {
            DeviceBytes = 24L << 20,
            Format = scenario.Format with { SegmentBytes = Limits.MinSegmentBytes, Compression = CodecKind.None },
            Profile = new GeneratorProfile(3, 8, 1, 600 * 1024, 2 * 1024 * 1024),
            Tasks = 1,
            OperationsPerTask = 90,
            MayFillUp = true,
        };
    }

    /// <summary>A small volume that is overwritten until it must be cleaned.</summary>
    public static Scenario DrawCleaning(ulong seed)
    {
        Scenario scenario = Draw(seed);
        SeededRandom random = new(~seed);
        return scenario with
        {
            DeviceBytes = 24L << 20,
            Format = scenario.Format with { SegmentBytes = Limits.MinSegmentBytes, Compression = random.OneIn(3) ? CodecKind.Lz4 : CodecKind.None },
            Profile = new GeneratorProfile(2, 12, 1, random.Pick([120, 300]) * 1024, 500 * 1024),
            OperationsPerTask = random.Between(200, 320) / scenario.Tasks,
            CheckpointOneIn = 200,
            MayFillUp = true,
        };
    }
}
