using Txlfs.Lfs.Inspect;

namespace Txlfs.Lfs;

// Live figures, for people. Read without locks beside the work, each value on its own.
public sealed partial class Volume
{
    /// <summary>Everything that can be counted about the open volume, in the order in which it is shown.</summary>
    public IReadOnlyList<VolumeMetric> Metrics()
    {
        List<VolumeMetric> all = [];
        AddSpace(all);
        AddIndex(all);
        AddData(all);
        AddLog(all);
        AddCleaner(all);
        AddDevice(all);
        return all;
    }

    private void AddSpace(List<VolumeMetric> all)
    {
        VolumeStatistics space = Statistics();
        Add(all, "space", "totalBytes", space.TotalBytes);
        Add(all, "space", "availableBytes", space.AvailableBytes);
        Add(all, "space", "liveBytes", _engine.Segments.TotalLiveBytes);
        Add(all, "space", "segments", _engine.Segments.Count);
        Add(all, "space", "freeSegments", _engine.Segments.FreeCount);
        Add(all, "space", "reclaimableSegments", _engine.Segments.CountReclaimable(withKept: true));
        Add(all, "space", "inodes", _engine.InodeCount);
    }

    private void AddIndex(List<VolumeMetric> all)
    {
        Lfs.Index.IndexCounters counters = _engine.Tree.Counters;
        Add(all, "index", "records", (long)_engine.Tree.Records);
        Add(all, "index", "cachePages", _engine.Tree.Capacity);
        Add(all, "index", "dirtyPages", _engine.Tree.DirtyPages);
        Add(all, "index", "misses", counters.Misses);
        Add(all, "index", "loads", counters.Loads);
        Add(all, "index", "loadBytes", counters.LoadBytes);
        Add(all, "index", "failedLoads", counters.FailedLoads);
        Add(all, "index", "evictions", counters.Evictions);
        Add(all, "index", "splits", counters.Splits);
        Add(all, "index", "merges", counters.Merges);
        Add(all, "index", "restarts", counters.Restarts);
    }

    private void AddData(List<VolumeMetric> all)
    {
        Lfs.Data.DataCounters counters = _data.Counters;
        Add(all, "data", "compressionTries", counters.CompressionTries);
        Add(all, "data", "compressionWins", counters.CompressionWins);
        Add(all, "data", "compressionSkips", counters.CompressionSkips);
        Add(all, "data", "writeConflicts", counters.WriteConflicts);
        Add(all, "data", "digestMismatches", counters.DigestMismatches);
    }

    private void AddLog(List<VolumeMetric> all)
    {
        Add(all, "log", "csn", (long)_engine.Csn);
        if (_engine.Log is { } log)
        {
            Add(all, "log", "bytes", log.SealedBytes);
            Add(all, "log", "frames", log.SealedFrames);
            Add(all, "log", "durableFrame", (long)log.DurableSequence);
            Add(all, "log", "failure", log.Failure);
        }
        Add(all, "checkpoint", "number", (long)_engine.Checkpointer.Number);
        Add(all, "checkpoint", "pages", _engine.Tree.Counters.CheckpointPages);
        Add(all, "checkpoint", "indexBytes", _engine.IndexHead.WrittenBytes);
        Add(all, "checkpoint", "logBytesBetween", _engine.CheckpointLogBytes);
        Add(all, "checkpoint", "failure", _engine.Checkpointer.Failure);
    }

    private void AddCleaner(List<VolumeMetric> all)
    {
        if (_engine.Cleaner is { } cleaner)
        {
            Add(all, "cleaner", "rounds", cleaner.Counters.Rounds);
            Add(all, "cleaner", "victims", cleaner.Counters.Victims);
            Add(all, "cleaner", "victimLiveBytes", cleaner.Counters.VictimLiveBytes);
            Add(all, "cleaner", "indexPasses", cleaner.Counters.IndexPasses);
            Add(all, "cleaner", "writtenBytes", cleaner.Cold.WrittenBytes);
            Add(all, "cleaner", "movedRecords", cleaner.Relocator.ReplacedRecords);
            Add(all, "cleaner", "lostRaces", cleaner.Relocator.LostRaces);
        }
    }

    private void AddDevice(List<VolumeMetric> all)
    {
        Journal.Device.DeviceCounters counters = _engine.Device.Counters;
        Add(all, "device", "reads", counters.Reads);
        Add(all, "device", "readBytes", counters.ReadBytes);
        Add(all, "device", "writes", counters.Writes);
        Add(all, "device", "writeBytes", counters.WriteBytes);
        Add(all, "device", "flushes", counters.Flushes);
        Add(all, "device", "discards", counters.Discards);
        Add(all, "device", "discardBytes", counters.DiscardBytes);
    }

    private static void Add(List<VolumeMetric> all, string group, string name, long value) => all.Add(new VolumeMetric(group, name, value));
}
