using Txlfs.Journal.Device;

namespace Txlfs.Lfs.Index;

/// <summary>Where stored pages are read from.</summary>
internal interface IPageStore
{
    /// <summary>
    /// Reads the stored bytes, verifies them against the pointer's checksum and decompresses them to exactly
    /// <see cref="Limits.PageBytes"/>. 0, or -EIO and the like. Whatever a sink's append has returned must be readable at once.
    /// </summary>
    ValueTask<int> ReadAsync(in PagePointer pointer, NativeSlice destination);
}

/// <summary>Where a checkpoint puts pages: the index head of the log.</summary>
internal interface IPageSink
{
    /// <summary>
    /// Compresses, checksums and appends a page; <paramref name="page"/> is valid until the task completes. <paramref name="old"/> is the
    /// image that this one replaces (its bytes are dead once the checkpoint is durable); <see cref="PagePointer.IsStored"/> is false when
    /// there is none. Any error is final: the checkpoint is given up and the volume has failed.
    /// </summary>
    ValueTask<OpResult<PagePointer>> AppendAsync(int space, ulong pageId, NativeSlice page, in PagePointer old);

    /// <summary>The page does not exist any more as of this checkpoint: its old image is dead.</summary>
    void Drop(int space, ulong pageId, in PagePointer old);
}

/// <summary>Sees every change of a batch while it is applied; the spans are valid during the call only.</summary>
internal interface IMutationObserver
{
    /// <summary>An empty span means that there is (or was) no record; a value is never empty.</summary>
    void Changed(Key key, ReadOnlySpan<byte> oldValue, ReadOnlySpan<byte> newValue);
}
