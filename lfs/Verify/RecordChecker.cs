using Txlfs.Journal;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Namespace;

namespace Txlfs.Lfs.Verify;

/// <summary>
/// Takes all records in key order, so inode by inode, and checks what can be said of an inode from its own records: their form, extents (D3), allocated
/// bytes (D2), sizes, symbolic links, attributes, a directory's links. What needs other inodes is <see cref="LinkChecker"/>'s. Memory: one inode's sums.
/// </summary>
internal sealed class RecordChecker(VolumeEngine engine, FindingList findings, long[] liveBySegment)
{
    private readonly NameHasher _hasher = new(engine.NameHashSeed);
    private readonly ExtentChecker _extents = new(engine, findings, liveBySegment);
    private readonly XattrChecker _xattrs = new(findings, new NameHasher(engine.NameHashSeed));
    private InodeSums _sums = new();
    private bool _hasRoot;

    public ulong Inodes { get; private set; }
    public ulong LastInode { get; private set; }
    public ulong NewestBirth { get; private set; }
    public long Directories { get; private set; }

    /// <summary>One record; values are valid during the call only.</summary>
    public async ValueTask LeafAsync(byte[] page)
    {
        int count = CountOf(page);
        for (int i = 0; i < count; i++)
        {
            Key key = KeyOf(page, i);
            if (key.Inode != _sums.Inode)
            {
                await FinishInodeAsync().ConfigureAwait(false);
                _sums = new InodeSums { Inode = key.Inode };
            }
            if (key.Inode == 0)
            {
                await CheckListedAsync(key).ConfigureAwait(false);
            }
            else
            {
                Check(key, ValueOf(page, i));
            }
        }
    }

    public async ValueTask EndAsync()
    {
        await FinishInodeAsync().ConfigureAwait(false);
        if (!_hasRoot)
        {
            findings.Add(new Finding(FindingKind.Root, FindingSeverity.Loss, Remedy.Drop, "there is no root directory") { Inode = Limits.RootInode, Step = RepairStep.OnInode(RepairAction.MakeRoot, Limits.RootInode) });
        }
        if (NewestBirth > engine.Csn)
        {
            findings.Add(new Finding(FindingKind.Birth, FindingSeverity.Error, Remedy.Certain, $"a record was born in commit {NewestBirth}, the volume is at commit {engine.Csn}"));
        }
        if (LastInode >= engine.NextInode)
        {
            findings.Add(new Finding(FindingKind.NextInode, FindingSeverity.Error, Remedy.Certain, $"inode {LastInode} has a number that was not given out yet (next is {engine.NextInode})"));
        }
        if (Inodes != (ulong)engine.InodeCount)
        {
            findings.Add(new Finding(FindingKind.InodeCount, FindingSeverity.Error, Remedy.Certain, $"there are {Inodes} inodes, the volume counts {engine.InodeCount}"));
        }
    }

    private static unsafe int CountOf(byte[] bytes)
    {
        fixed (byte* page = bytes)
        {
            return LeafPage.Count(page);
        }
    }

    private static unsafe Key KeyOf(byte[] bytes, int index)
    {
        fixed (byte* page = bytes)
        {
            return LeafPage.KeyAt(page, index);
        }
    }

    /// <summary>The page is pinned memory, so the span stays valid.</summary>
    private static unsafe ReadOnlySpan<byte> ValueOf(byte[] bytes, int index)
    {
        fixed (byte* page = bytes)
        {
            return LeafPage.ValueAt(page, index);
        }
    }

    /// <summary>Inode 0 holds lists: orphans and trims. What they name must exist.</summary>
    private async ValueTask CheckListedAsync(Key key)
    {
        if (key.Kind is not (RecordKind.Orphan or RecordKind.Trim))
        {
            findings.Add(Damage(FindingKind.Record, key, $"record {key} is of an unknown kind"));
            return;
        }
        OpResult<InodeAttributes> inode = await engine.ReadAsync<InodeProbe, InodeAttributes>(new InodeProbe(key.Sub)).ConfigureAwait(false);
        bool isOrphan = key.Kind == RecordKind.Orphan;
        string? fault = inode.Errno == Errno.ENOENT ? "does not exist"
            : inode.IsOk && isOrphan && inode.Value.Nlink != 0 ? $"has {inode.Value.Nlink} links"
            : inode.IsOk && !isOrphan && !inode.Value.IsRegular ? "is no file"
            : null;
        if (fault is not null)
        {
            findings.Add(new Finding(isOrphan ? FindingKind.Orphan : FindingKind.Trim, FindingSeverity.Error, Remedy.Certain,
                $"inode {key.Sub} is listed as {(isOrphan ? "an orphan" : "being truncated")} and {fault}") { Inode = key.Sub, Step = RepairStep.Drop(key) });
        }
    }

    private void Check(Key key, ReadOnlySpan<byte> value)
    {
        NewestBirth = Math.Max(NewestBirth, BitConverter.ToUInt64(value));
        _hasRoot |= key.Inode == Limits.RootInode;
        if (key.Kind != RecordKind.Inode && !_sums.IsKnown && !_sums.IsMissingReported)
        {
            _sums.IsMissingReported = true;
            findings.Add(new Finding(FindingKind.Inode, FindingSeverity.Loss, Remedy.Drop, $"inode {key.Inode} has records, but no attributes")
            {
                Inode = key.Inode,
                Step = key.Inode == Limits.RootInode ? RepairStep.OnInode(RepairAction.MakeRoot, key.Inode) : RepairStep.OnInode(RepairAction.DropInode, key.Inode),
            });
        }
        switch (key.Kind)
        {
            case RecordKind.Inode:
                CheckInode(key, value);
                break;
            case RecordKind.Inline:
                CheckInline(key, value);
                break;
            case RecordKind.Dirent:
                CheckDirent(key, value);
                break;
            case RecordKind.Extent:
                _extents.Check(key, value, _sums);
                break;
            case RecordKind.Xattr:
                _xattrs.Check(key, value);
                break;
            default:
                findings.Add(Damage(FindingKind.Record, key, $"record {key} is of an unknown kind"));
                break;
        }
    }

    internal static Finding Damage(FindingKind kind, Key key, string text, long addressBytes = 0)
        => new(kind, FindingSeverity.Loss, Remedy.Drop, text) { Inode = key.Inode, AddressBytes = addressBytes, OffsetBytes = key.Kind == RecordKind.Extent ? (long)key.Sub : 0, Step = RepairStep.Drop(key) };

    private void CheckInode(Key key, ReadOnlySpan<byte> value)
    {
        Inodes++;
        LastInode = key.Inode;
        _sums.IsKnown = true;
        if (key.Sub == 0 && InodeRecord.TryRead(value, key.Inode, out InodeAttributes attributes) && (key.Inode != Limits.RootInode || attributes.IsDirectory))
        {
            _sums.Attributes = attributes;
            _sums.IsSound = true;
            Directories += attributes.IsDirectory ? 1 : 0;
            return;
        }
        findings.Add(new Finding(FindingKind.Inode, FindingSeverity.Loss, Remedy.Drop, $"inode {key.Inode}: its record makes no sense")
        {
            Inode = key.Inode,
            Step = key.Sub != 0 ? RepairStep.Drop(key)
                : key.Inode == Limits.RootInode ? RepairStep.OnInode(RepairAction.MakeRoot, key.Inode)
                : RepairStep.OnInode(RepairAction.DropInode, key.Inode),
        });
    }

    private void CheckInline(Key key, ReadOnlySpan<byte> value)
    {
        int content = value.Length - sizeof(ulong);
        if (_sums.IsSound && _sums.Attributes.IsSymlink)
        {
            _sums.TargetIsWhole &= key.Sub == (ulong)_sums.TargetChunks && (_sums.TargetChunks == 0 || _sums.InlineBytes == Limits.MaxInlineChunkBytes) && content > 0;
            _sums.TargetChunks++;
        }
        else if (_sums.IsSound && (!_sums.Attributes.IsRegular || key.Sub != 0 || content is <= 0 or > Limits.MaxInlineFileBytes || content > _sums.Attributes.SizeBytes))
        {
            findings.Add(Damage(FindingKind.Inline, key, $"inode {key.Inode}: inline data of {content} bytes in chunk {key.Sub} breaks the rules"));
            return;
        }
        _sums.InlineBytes += content;
    }

    private void CheckDirent(Key key, ReadOnlySpan<byte> value)
    {
        if (!DirentRecord.TryRead(value, out _, out byte type, out ReadOnlySpan<byte> name))
        {
            findings.Add(Damage(FindingKind.Record, key, $"directory {key.Inode}: entry {key.Sub:x} makes no sense"));
            return;
        }
        _sums.Entries++;
        _sums.Subdirectories += type == DirentRecord.TypeOf(ModeBits.Directory) ? 1u : 0;
        if (_sums.IsSound && !_sums.Attributes.IsDirectory)
        {
            findings.Add(Damage(FindingKind.Record, key, $"inode {key.Inode} has an entry and is no directory"));
            return;
        }
        ulong first = DirentRecord.FirstCookieOf(_hasher.Hash(name));
        if (key.Sub - first >= DirentRecord.Slots || name.SequenceEqual("."u8) || name.SequenceEqual(".."u8))
        {
            findings.Add(Damage(FindingKind.EntryCookie, key, $"directory {key.Inode}: entry {key.Sub:x} cannot be found by its name"));
        }
        else if (!_sums.Names.TryAdd(first, name))
        {
            findings.Add(Damage(FindingKind.DuplicateName, key, $"directory {key.Inode}: entry {key.Sub:x} has the same name as another"));
        }
    }

    private async ValueTask FinishInodeAsync()
    {
        _xattrs.EndInode();
        if (!_sums.IsSound)
        {
            return;
        }
        ulong inode = _sums.Inode;
        if (_sums.Attributes.IsDirectory)
        {
            FinishDirectory(inode);
        }
        else if (_sums.Attributes.IsSymlink && (!_sums.TargetIsWhole || _sums.TargetChunks > 2 || _sums.InlineBytes != _sums.Attributes.SizeBytes || _sums.InlineBytes == 0))
        {
            findings.Add(new Finding(FindingKind.Symlink, FindingSeverity.Loss, Remedy.Drop, $"symbolic link {inode}: its target of {_sums.Attributes.SizeBytes} bytes is not whole")
            { Inode = inode, Step = RepairStep.OnInode(RepairAction.DropInode, inode) });
        }
        else if (_sums.Attributes.IsRegular && _sums.Attributes.Nlink > 0)
        {
            await FinishFileAsync(inode).ConfigureAwait(false);
        }
    }

    private void FinishDirectory(ulong inode)
    {
        uint expected = _sums.Subdirectories + 2;
        if (_sums.Attributes.Nlink != expected && (_sums.Attributes.Nlink != 0 || _sums.Entries > 0 || inode == Limits.RootInode))
        {
            findings.Add(new Finding(FindingKind.LinkCount, FindingSeverity.Error, Remedy.Certain, $"directory {inode} has {_sums.Attributes.Nlink} links, {expected} are there")
            { Inode = inode, Step = RepairStep.OnInode(RepairAction.SetLinks, inode, expected) });
        }
        if (inode == Limits.RootInode && _sums.Attributes.Parent != inode)
        {
            findings.Add(new Finding(FindingKind.WrongParent, FindingSeverity.Error, Remedy.Certain, $"the root says that its parent is {_sums.Attributes.Parent}")
            { Inode = inode, Step = RepairStep.OnInode(RepairAction.SetParent, inode, inode) });
        }
    }

    private async ValueTask FinishFileAsync(ulong inode)
    {
        if (_sums.InlineBytes > 0 && _sums.ExtentBytes > 0)
        {
            // The older of the two was to be removed by the commit that put the other; the allocated bytes say which form is in force (D2).
            bool isInline = _sums.Attributes.AllocatedBytes <= Limits.MaxInlineFileBytes;
            findings.Add(new Finding(FindingKind.Inline, FindingSeverity.Loss, Remedy.Drop, $"inode {inode} has inline data and extents")
            {
                Inode = inode,
                Step = isInline ? RepairStep.Drop(Key.Of(inode, RecordKind.Extent, 0), Key.Of(inode, RecordKind.Extent, Key.SubMask)) : RepairStep.Drop(Key.Of(inode, RecordKind.Inline, 0)),
            });
            return;
        }
        long allocated = _sums.InlineBytes > 0 ? Data.FileForms.InlineAllocatedBytes((int)_sums.InlineBytes) : _sums.ExtentBytes;
        if (_sums.Attributes.AllocatedBytes != allocated)
        {
            findings.Add(new Finding(FindingKind.AllocatedBytes, FindingSeverity.Error, Remedy.Certain, $"inode {inode} counts {_sums.Attributes.AllocatedBytes} allocated bytes, {allocated} are there")
            { Inode = inode, Step = RepairStep.OnInode(RepairAction.SetAllocatedBytes, inode, (ulong)allocated) });
        }
        if (_sums.WrittenEndBytes > _sums.Attributes.SizeBytes && !await RecordProbe.ExistsAsync(engine, Data.InodeAccess.TrimKey(inode)).ConfigureAwait(false))
        {
            findings.Add(new Finding(FindingKind.BeyondSize, FindingSeverity.Error, Remedy.Drop, $"inode {inode} has data up to {_sums.WrittenEndBytes}, beyond its size {_sums.Attributes.SizeBytes}")
            { Inode = inode, OffsetBytes = _sums.Attributes.SizeBytes, Step = RepairStep.OnInode(RepairAction.CutAtSize, inode, (ulong)_sums.Attributes.SizeBytes) });
        }
    }
}
