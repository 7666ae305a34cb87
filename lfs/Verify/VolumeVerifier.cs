using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Verify;

/// <summary>
/// Checks a quiet volume: the index's structure, every record, the namespace (links, parents, orphans), files (extents, allocated bytes) and the space
/// accounting. Reads only. Memory: a small entry for each inode and directory entry target.
/// </summary>
internal sealed class VolumeVerifier(VolumeEngine engine)
{
    private const int MaxComplaints = 1000;
    private readonly List<string> _complaints = [];
    private readonly Dictionary<ulong, InodeCheck> _inodes = [];
    private readonly Dictionary<ulong, ulong> _directoryParents = [];
    private readonly HashSet<ulong> _orphans = [];
    private readonly long[] _live = new long[engine.Segments.Count];

    public async ValueTask<IReadOnlyList<string>> RunAsync()
    {
        await engine.Tree.VerifyAsync(Complain).ConfigureAwait(false);
        var scan = new RecordScan(engine);
        int found;
        while ((found = await scan.NextAsync().ConfigureAwait(false)) == 1)
        {
            Check(scan.Key, scan.Value);
        }
        if (found < 0)
        {
            Complain($"the index cannot be read beyond {scan.Key}: errno {-found}");
        }
        CheckInodes();
        CheckSegments();
        return _complaints;
    }

    private void Complain(string line)
    {
        if (_complaints.Count < MaxComplaints)
        {
            _complaints.Add(line);
        }
    }

    private void Check(Key key, ReadOnlySpan<byte> value)
    {
        if (BitConverter.ToUInt64(value) > engine.Csn)
        {
            Complain($"record {key} was born in the future");
        }
        switch (key.Kind)
        {
            case RecordKind.Inode:
                CheckInode(key, value);
                break;
            case RecordKind.Inline:
                Of(key.Inode).InlineBytes += value.Length - sizeof(ulong);
                break;
            case RecordKind.Dirent:
                CheckDirent(key, value);
                break;
            case RecordKind.Extent:
                CheckExtent(key, value);
                break;
            case RecordKind.Xattr:
                Of(key.Inode);
                break;
            case RecordKind.Orphan:
                _orphans.Add(key.Sub);
                break;
            case RecordKind.Trim:
                Of(key.Sub).HasTrim = true;
                break;
            default:
                Complain($"record {key} is of an unknown kind");
                break;
        }
    }

    private InodeCheck Of(ulong inode)
    {
        if (!_inodes.TryGetValue(inode, out InodeCheck? check))
        {
            _inodes.Add(inode, check = new InodeCheck());
        }
        return check;
    }

    private void CheckInode(Key key, ReadOnlySpan<byte> value)
    {
        InodeCheck check = Of(key.Inode);
        check.Exists = InodeRecord.TryRead(value, key.Inode, out InodeAttributes attributes);
        check.Attributes = attributes;
        if (!check.Exists)
        {
            Complain($"inode {key.Inode}: its record makes no sense");
        }
        if (key.Inode >= engine.NextInode)
        {
            Complain($"inode {key.Inode} has a number that was not given out yet");
        }
    }

    private void CheckDirent(Key key, ReadOnlySpan<byte> value)
    {
        if (!DirentRecord.TryRead(value, out ulong child, out byte type, out _))
        {
            Complain($"directory {key.Inode}: entry {key.Sub:x} makes no sense");
            return;
        }
        InodeCheck check = Of(child);
        check.Names++;
        check.NamedType = type;
        Of(key.Inode).Entries++;
        if (type == DirentRecord.TypeOf(ModeBits.Directory))
        {
            Of(key.Inode).Subdirectories++;
            if (!_directoryParents.TryAdd(child, key.Inode))
            {
                Complain($"directory {child} has more than one name");
            }
        }
    }

    private void CheckExtent(Key key, ReadOnlySpan<byte> value)
    {
        InodeCheck check = Of(key.Inode);
        if (!ExtentRecord.TryParse(value, engine.ChecksumKind, out Extent extent))
        {
            Complain($"inode {key.Inode}: extent at {key.Sub} makes no sense");
            return;
        }
        if ((long)key.Sub < check.ExtentEndBytes || key.Sub % Limits.BlockBytes != 0)
        {
            Complain($"inode {key.Inode}: extent at {key.Sub} overlaps the one before it, or is not on a block border");
        }
        check.ExtentEndBytes = (long)key.Sub + extent.AllocatedBytes;
        check.ExtentBytes += extent.AllocatedBytes;
        if (extent.Form == ExtentForm.Unwritten)
        {
            return;
        }
        check.WrittenEndBytes = (long)key.Sub + extent.VisibleLengthBytes;
        int segment = engine.Superblock.SegmentIndex(extent.AddressBytes);
        if (extent.AddressBytes < engine.Superblock.SegmentBytes || segment >= _live.Length)
        {
            Complain($"inode {key.Inode}: extent at {key.Sub} points outside of the segments");
            return;
        }
        _live[segment] += ExtentRecord.LiveBytes(value);
    }

    private void CheckInodes()
    {
        long count = 0;
        foreach ((ulong inode, InodeCheck check) in _inodes)
        {
            if (!check.Exists)
            {
                Complain($"inode {inode} has records or names, but no attributes");
                continue;
            }
            count++;
            CheckLinks(inode, check);
            CheckSpace(inode, check);
        }
        if (count != engine.InodeCount)
        {
            Complain($"there are {count} inodes, the volume counts {engine.InodeCount}");
        }
        foreach (ulong orphan in _orphans)
        {
            if (_inodes.TryGetValue(orphan, out InodeCheck? check) && check.Exists && check.Attributes.Nlink != 0)
            {
                Complain($"inode {orphan} is listed as an orphan and has {check.Attributes.Nlink} links");
            }
        }
    }

    private void CheckLinks(ulong inode, InodeCheck check)
    {
        bool isRoot = inode == Limits.RootInode;
        uint expected = check.Attributes.IsDirectory ? (uint)(check.Subdirectories + 2) : (uint)check.Names;
        bool isOrphan = check.Attributes.Nlink == 0 && _orphans.Contains(inode);
        if (!isOrphan && check.Attributes.Nlink != expected)
        {
            Complain($"inode {inode} has {check.Attributes.Nlink} links, {expected} are there");
        }
        if (check.Names == 0 && !isRoot && !isOrphan)
        {
            Complain($"inode {inode} has no name and is no orphan");
        }
        if (check.Names > 0 && check.NamedType != DirentRecord.TypeOf(check.Attributes.Mode))
        {
            Complain($"inode {inode}: an entry names it with another type");
        }
        if (check.Attributes.IsDirectory && !isRoot && !isOrphan && (!_directoryParents.TryGetValue(inode, out ulong parent) || parent != check.Attributes.Parent))
        {
            Complain($"directory {inode} says that its parent is {check.Attributes.Parent}, which is not so");
        }
        if (check.Entries > 0 && !check.Attributes.IsDirectory)
        {
            Complain($"inode {inode} has entries and is no directory");
        }
        CheckCycle(inode, check);
    }

    private void CheckCycle(ulong inode, InodeCheck check)
    {
        if (!check.Attributes.IsDirectory || check.Names == 0)
        {
            return;
        }
        ulong at = inode;
        for (int depth = 0; at != Limits.RootInode; depth++)
        {
            if (depth > _directoryParents.Count || !_directoryParents.TryGetValue(at, out at))
            {
                Complain($"directory {inode} is not reachable from the root");
                return;
            }
        }
    }

    private void CheckSpace(ulong inode, InodeCheck check)
    {
        InodeAttributes attributes = check.Attributes;
        if (check.InlineBytes > 0 && check.ExtentBytes > 0)
        {
            Complain($"inode {inode} has inline data and extents");
        }
        if (!check.HasTrim && attributes.IsRegular && attributes.Nlink > 0 && check.ExtentBytes > 0 && attributes.AllocatedBytes != check.ExtentBytes)
        {
            Complain($"inode {inode} counts {attributes.AllocatedBytes} allocated bytes, its extents have {check.ExtentBytes}");
        }
        if (!check.HasTrim && attributes.IsRegular && check.WrittenEndBytes > attributes.SizeBytes)
        {
            Complain($"inode {inode} has data up to {check.WrittenEndBytes}, beyond its size {attributes.SizeBytes}");
        }
    }

    private void CheckSegments()
    {
        for (int i = 0; i < _live.Length; i++)
        {
            (Segments.SegmentState state, long live, _, _) = engine.Segments[i];
            if (_live[i] > live)
            {
                Complain($"segment {i} counts {live} live bytes, extents alone have {_live[i]}");
            }
            if (state == Segments.SegmentState.Free && live != 0)
            {
                Complain($"segment {i} is free and has {live} live bytes");
            }
        }
    }

    private sealed class InodeCheck
    {
        public InodeAttributes Attributes;
        public bool Exists, HasTrim;
        public byte NamedType;
        public long Names, Entries, Subdirectories, InlineBytes, ExtentBytes, ExtentEndBytes, WrittenEndBytes;
    }
}
