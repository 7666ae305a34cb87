using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Data;

/// <summary>What a write was told about a block that it covers only in part; the commit checks that it still holds.</summary>
internal struct BlockEvidence
{
    /// <summary>False: the write covers no block in part here.</summary>
    public bool IsNeeded;
    public long BlockBytes;

    /// <summary>The extent that occupies the block, if there is one.</summary>
    public bool IsPresent;
    public long ExtentStartBytes;
    public ulong BirthCsn;

    /// <summary>Where the block's old bytes end in the file; the block's start if it has none.</summary>
    public long DataEndBytes;
}

[Flags]
internal enum WriteRules
{
    None = 0,

    /// <summary>Move inline content to an extent; nothing is written.</summary>
    Convert = 1,

    /// <summary>Fail with <see cref="DataErrno.BeyondEnd"/> where the write would extend the file.</summary>
    NoExtend = 2,
}

/// <summary>One write of at most <see cref="MaxBytes"/>, from its look at the file to its commit. Pooled.</summary>
internal sealed class WriteState
{
    /// <summary>What one commit takes: 8 extents of 128 KiB, or 32 raw ones of SHA-256; over at most 257 old ones.</summary>
    public const int MaxBytes = 1024 * 1024;

    private const int MaxRecords = 48;

    public ulong Inode;
    public long OffsetBytes;
    public NativeSlice Source;
    public WriteOptions Options;
    public WriteRules Rules;

    /// <summary>The look at the file, if the write needed one.</summary>
    public bool IsProbed;
    public FileForm ProbedForm;
    public long ProbedSizeBytes;
    public ulong InlineBirthCsn;
    public int InlineBytes;
    public readonly byte[] Inline = new byte[Limits.MaxInlineFileBytes];
    public BlockEvidence Head, Tail;
    public readonly ReadState Fetch = new();
    public readonly RawDigests Digests = new();
    private readonly byte[] _evidenceRecords = new byte[2 * ExtentRecord.MaxBytes];
    private FoundExtent _headExtent, _tailExtent;

    /// <summary>Behind the last visible byte of what the write stores (old bytes of its last block included).</summary>
    public long StoredEndBytes;
    public int RecordCount;
    private readonly long[] _recordOffsets = new long[MaxRecords];
    private readonly int[] _recordLengths = new int[MaxRecords];
    private readonly byte[] _records = new byte[MaxRecords * ExtentRecord.MaxBytes];

    /// <summary>What was placed in the log since the last release, whether or not its record was merged into another's.</summary>
    private readonly long[] _held = new long[MaxRecords];
    private int _heldCount;

    public long EndBytes => OffsetBytes + Source.LengthBytes;
    public bool IsConversion => (Rules & WriteRules.Convert) != 0;

    public void Begin(ulong inode, long offsetBytes, NativeSlice source, WriteOptions options, WriteRules rules)
    {
        Inode = inode;
        OffsetBytes = offsetBytes;
        Source = source;
        Options = options;
        Rules = rules;
        IsProbed = false;
        ProbedForm = FileForm.None;
        InlineBytes = 0;
        Head = default;
        Tail = default;
        RecordCount = 0;
    }

    /// <summary>Whether the write must know what is in the file before it stores anything.</summary>
    public bool NeedsProbe => IsConversion || (Options & WriteOptions.Append) != 0 || OffsetBytes % Limits.BlockBytes != 0 || EndBytes % Limits.BlockBytes != 0;

    public void SetEvidence(bool isHead, in BlockEvidence evidence, in FoundExtent found, ReadOnlySpan<byte> record)
    {
        record.CopyTo(_evidenceRecords.AsSpan(isHead ? 0 : ExtentRecord.MaxBytes));
        if (isHead)
        {
            Head = evidence;
            _headExtent = found;
            return;
        }
        Tail = evidence;
        _tailExtent = found;
    }

    /// <summary>Plans the read of a partly covered block's old bytes into the destination (one block long).</summary>
    public void PlanFetch(bool isHead, NativeSlice destination)
    {
        BlockEvidence evidence = isHead ? Head : Tail;
        FoundExtent found = isHead ? _headExtent : _tailExtent;
        Fetch.Begin(Inode, evidence.BlockBytes, destination);
        Fetch.Add(found, _evidenceRecords.AsSpan(isHead ? 0 : ExtentRecord.MaxBytes, found.RecordLengthBytes), evidence.BlockBytes, (int)(evidence.DataEndBytes - evidence.BlockBytes));
        Fetch.PlannedToBytes = evidence.BlockBytes + Limits.BlockBytes;
    }

    public void Hold(long addressBytes) => _held[_heldCount++] = addressBytes;

    /// <summary>After the commit, or when the prepared extents are given up.</summary>
    public void ReleaseAll(IEngine engine)
    {
        while (_heldCount > 0)
        {
            engine.ReleaseData(_held[--_heldCount]);
        }
        RecordCount = 0;
    }

    public ReadOnlySpan<byte> Record(int index) => _records.AsSpan(index * ExtentRecord.MaxBytes, _recordLengths[index]);

    public long RecordOffset(int index) => _recordOffsets[index];

    public bool HasRecordAt(long offsetBytes) => _recordOffsets.AsSpan(0, RecordCount).BinarySearch(offsetBytes) >= 0;

    public long AllocatedBytes(ChecksumKind checksum)
    {
        long sum = 0;
        for (int i = 0; i < RecordCount; i++)
        {
            sum += ExtentRecord.TryParse(Record(i), checksum, out Extent extent) ? extent.AllocatedBytes : 0;
        }
        return sum;
    }

    /// <summary>Takes a new extent's record; joins it to the one before when both are one run on the device.</summary>
    public void AddRecord(long offsetBytes, ReadOnlySpan<byte> value, ChecksumKind checksum)
    {
        if (RecordCount > 0)
        {
            int last = RecordCount - 1;
            Span<byte> room = _records.AsSpan(last * ExtentRecord.MaxBytes, ExtentRecord.MaxBytes);
            if (ExtentRecord.TryParse(Record(last), checksum, out Extent before) && _recordOffsets[last] + before.VisibleLengthBytes == offsetBytes
                && ExtentRecord.TryMerge(Record(last), value, checksum, room, out int mergedBytes))
            {
                _recordLengths[last] = mergedBytes;
                return;
            }
        }
        value.CopyTo(_records.AsSpan(RecordCount * ExtentRecord.MaxBytes));
        _recordOffsets[RecordCount] = offsetBytes;
        _recordLengths[RecordCount++] = value.Length;
    }
}
