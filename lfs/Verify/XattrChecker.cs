using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Namespace;

namespace Txlfs.Lfs.Verify;

/// <summary>Extended attributes: every chunk there, in order, of one birth (N5), where the name's hash says.</summary>
internal sealed class XattrChecker(FindingList findings, NameHasher hasher)
{
    private Key _first;
    private int _total;
    private int _next;
    private ulong _birth;
    private bool _isOpen;

    public void Check(Key key, ReadOnlySpan<byte> value)
    {
        int chunk = XattrRecord.ChunkOf(key.Sub);
        bool continues = _isOpen && key.Inode == _first.Inode && key.Sub == _first.Sub + (ulong)_next && chunk == _next;
        if (continues)
        {
            if (!XattrRecord.TryReadNext(value, chunk, _total, out ulong birth, out _) || birth != _birth)
            {
                Report("a part of it is damaged");
                return;
            }
            _next++;
            _isOpen = _next < XattrRecord.ChunkCount(_total);
            return;
        }
        EndInode();
        if (key.Inode == _first.Inode && key.Sub <= XattrRecord.LastChunkSub(_first.Sub) && _next == int.MaxValue)
        {
            // The rest of one that was reported: its whole range goes.
            return;
        }
        _first = key with { Tail = Key.Of(key.Inode, RecordKind.Xattr, key.Sub - (ulong)chunk).Tail };
        _next = 1;
        if (chunk != 0 || !XattrRecord.TryReadFirst(value, out _birth, out _total, out ReadOnlySpan<byte> name, out _))
        {
            Report("its first part is missing or damaged");
            return;
        }
        if (XattrRecord.FirstSubOf(hasher.Hash(name)) != (key.Sub & ~((1UL << (XattrRecord.SlotBits + XattrRecord.ChunkBits)) - 1)))
        {
            Report("it cannot be found by its name");
            return;
        }
        _isOpen = XattrRecord.ChunkCount(_total) > 1;
    }

    /// <summary>No more records of this inode: an attribute whose last part has not come is not whole.</summary>
    public void EndInode()
    {
        if (_isOpen)
        {
            Report("a part of it is missing");
        }
    }

    private void Report(string fault)
    {
        Key last = _first with { Tail = Key.Of(_first.Inode, RecordKind.Xattr, XattrRecord.LastChunkSub(_first.Sub)).Tail };
        findings.Add(new Finding(FindingKind.Xattr, FindingSeverity.Loss, Remedy.Drop, $"inode {_first.Inode}: extended attribute {_first.Sub >> XattrRecord.ChunkBits:x}: {fault}")
        { Inode = _first.Inode, Step = RepairStep.Drop(_first, last) });
        _isOpen = false;
        _next = int.MaxValue;
    }
}
