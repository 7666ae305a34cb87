using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Frames;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Checkpoint;
using Txlfs.Lfs.Cleaner;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Segments;

namespace Txlfs.Lfs.Engine;

/// <summary>
/// The volume's machine room: index, log, segments and checkpoints behind <see cref="IEngine"/>. Lock order: writer lock, then the log's lock, then
/// the segment table's; none is ever held over I/O or an await.
/// </summary>
internal sealed partial class VolumeEngine : IEngine, IPageStore, IDisposable
{
    private readonly IBlockDevice _device;
    private readonly VolumeOptions _options;
    private readonly Lock _writer = new();
    private readonly MutationBatch _batch = new();
    private readonly byte[] _redo = new byte[RedoCodec.MaxCommitBytes];
    private readonly BackgroundQueue _background;

    private SpaceBudget _budget;
    private ulong _csn;
    private ulong _nextInode;
    private long _inodeCount;

    public VolumeEngine(IBlockDevice device, Superblock superblock, VolumeOptions options, Seams seams)
    {
        _device = device;
        _options = options;
        Superblock = superblock;
        Seams = seams;
        Plan = MemoryShares.For(options.MemoryBytes);
        Scratch = new ScratchPool(Limits.ScratchBytes, Plan.ScratchBuffers);
        Segments = new SegmentTable(superblock);
        _budget = new SpaceBudget(superblock.SegmentBytes, Segments.Count);
        Checkpointer = new Checkpointer(this, device, options, seams);
        _background = new BackgroundQueue(seams);
    }

    /// <summary>As it is in force on the device; replaced as a whole by a change of shape.</summary>
    public Superblock Superblock { get; set; }
    public Seams Seams { get; }
    public MemoryShares Plan { get; }
    public ScratchPool Scratch { get; }
    public SegmentTable Segments { get; }
    public Checkpointer Checkpointer { get; }
    public IndexTree Tree { get; private set; } = null!;
    public LogWriter Log { get; private set; } = null!;
    public IndexHead IndexHead { get; private set; } = null!;

    /// <summary>Null while the volume takes no changes.</summary>
    public SegmentCleaner? Cleaner { get; private set; }

    public SpaceBudget Budget => _budget.SegmentCount == Segments.Count ? _budget : _budget = new SpaceBudget(Segments.SegmentBytes, Segments.Count);
    public IBlockDevice Device => _device;

    public CodecKind DataCodec => Superblock.Compression;
    public ChecksumKind ChecksumKind => Superblock.ChecksumKind;
    public ulong NameHashSeed => Superblock.NameHashSeed;
    public ulong Csn => Volatile.Read(ref _csn);
    public ulong NextInode => Volatile.Read(ref _nextInode);
    public long InodeCount => Volatile.Read(ref _inodeCount);

    /// <summary>Set once the volume takes changes: after recovery, when it is not mounted read-only.</summary>
    public bool IsWritable { get; private set; }

    /// <summary>Recovery sets the parts in as it learns where they begin.</summary>
    public void Attach(IndexTree tree, ulong csn, ulong nextInode, long inodeCount)
    {
        Tree = tree;
        _csn = csn;
        _nextInode = nextInode;
        _inodeCount = inodeCount;
    }

    public void AttachIndexHead(IndexHead head) => IndexHead = head;

    public void AttachLog(LogWriter log)
    {
        Log = log;
        Cleaner = new SegmentCleaner(this, new ColdHead(_device, Settings(Checkpointer.Generation), Segments), VictimPolicies.Of(_options.VictimPolicy));
        Segments.ColdReserve = Budget.ColdSegments;
        UpdateIndexReserve();
        Segments.TopUpCold();
        IsWritable = true;
    }

    /// <summary>The formatter's first commit: the root directory. It goes into the first checkpoint, not through a log.</summary>
    public void ApplyFormat(in InodeAttributes root)
    {
        lock (_writer)
        {
            Span<byte> value = stackalloc byte[InodeRecord.SizeBytes];
            InodeRecord.Write(value, root);
            _batch.Clear();
            _batch.Put(Key.Of(root.Inode, RecordKind.Inode, 0), value, 1);
            if (Tree.Prepare(_batch, out _) != 0)
            {
                throw new InvalidOperationException("an empty index must take its first record");
            }
            ApplyBatch(1, _nextInode);
        }
    }

    /// <summary>Repair: the counters as the records have them; they go into the next checkpoint. Never lowers the CSN or the next inode.</summary>
    public void CorrectCounters(ulong csn, ulong nextInode, long inodeCount)
    {
        lock (_writer)
        {
            _csn = Math.Max(_csn, csn);
            _nextInode = Math.Max(_nextInode, nextInode);
            _inodeCount = inodeCount;
        }
    }

    public void StopWrites()
    {
        lock (_writer)
        {
            IsWritable = false;
        }
    }

    public LogSettings Settings(ulong generation) => new()
    {
        VolumeId = Superblock.VolumeId,
        Generation = generation,
        RedoCodec = Superblock.Compression,
        ChecksumKind = Superblock.ChecksumKind,
        SegmentBytes = Superblock.SegmentBytes,
        FrameCount = Plan.Frames,
        CommitIntervalMs = _options.CommitIntervalMs,
    };

    public IndexOptions IndexOptions => new(Plan.CachePages, BitConverter.ToUInt64(Superblock.VolumeId.ToByteArray(), 0));

    public void QueueBackground(Func<ValueTask> work) => _background.Queue(work);

    /// <summary>Completes when the background work queued so far has ended.</summary>
    public ValueTask<int> DrainBackgroundAsync() => _background.DrainAsync();

    public void Dispose()
    {
        Cleaner?.Dispose();
        Log?.Dispose();
        IndexHead?.Dispose();
        Tree?.Dispose();
        Scratch.Dispose();
    }
}
