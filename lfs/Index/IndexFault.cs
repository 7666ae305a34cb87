namespace Txlfs.Lfs.Index;

internal enum IndexFaultKind { Unreadable, Structure, RecordCount, FreeList, Map, NotChecked }

/// <summary>A broken invariant of the index, and the page where it shows.</summary>
internal readonly record struct IndexFault(IndexFaultKind Kind, ulong PageId, string Text);

/// <summary>What <see cref="IndexVerifier"/> finds on its way.</summary>
internal interface IIndexObserver
{
    void Fault(in IndexFault fault);

    /// <summary>A stored page of the tree (space 0) or the map.</summary>
    void Stored(int space, ulong pageId, in PagePointer pointer);

    /// <summary>A sound leaf, in the order of keys; the bytes are valid until the task completes.</summary>
    ValueTask LeafAsync(byte[] page);
}
