using Txlfs.Lfs;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Verify;

namespace Txlfs.Tests.Unit.Fsck;

/// <summary>Puts (or removes) any record.</summary>
internal readonly struct PlantBody(Key key, byte[]? value) : ICommitBody<int>
{
    public bool MayUseReserve => true;

    public int Run(ref CommitContext context, out int result)
    {
        result = 0;
        if (value is null)
        {
            context.Delete(key);
        }
        else
        {
            context.Put(key, value);
        }
        return 0;
    }
}

internal readonly struct PeekBody(Key key) : IReadBody<byte[]>
{
    public int Run(ref ReadContext context, out byte[] result)
    {
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int status = context.Get(key, buffer, out int length);
        result = buffer[..length].ToArray();
        return status;
    }
}

internal readonly struct FirstBody(ulong inode, RecordKind kind) : IReadBody<(Key, byte[])>
{
    public int Run(ref ReadContext context, out (Key, byte[]) result)
    {
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int status = context.SeekAtLeast(Key.Of(inode, kind, 0), Key.Of(inode, kind, Key.SubMask), out Key found, buffer, out int length);
        result = (found, buffer[..length].ToArray());
        return status;
    }
}

internal sealed class MapOfPages : IIndexObserver
{
    public Dictionary<(int, ulong), PagePointer> Pages { get; } = [];
    public HashSet<ulong> Leaves { get; } = [];

    public void Fault(in IndexFault fault)
    {
    }

    public void Stored(int space, ulong pageId, in PagePointer pointer) => Pages[(space, pageId)] = pointer;

    public ValueTask LeafAsync(byte[] page)
    {
        Leaves.Add(BitConverter.ToUInt64(page, PageLayout.PageIdAt));
        return ValueTask.CompletedTask;
    }
}

internal sealed class Silence : ICheckProgress
{
    public void Begin(CheckPass pass, long total)
    {
    }

    public void Advance(long units)
    {
    }
}
