using System.Runtime.InteropServices;
using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Segments;

/// <summary>
/// The segment table on the device: chunks of entries, directory pages of 128 pointers to chunks, one root page of 128 pointers to directory pages.
/// Only what changed is written. Its blobs are not counted as live bytes (writing the counts would change them); they pin their segments.
/// </summary>
internal sealed class SegmentTableStore(VolumeEngine engine, int segmentCount)
{
    public const int Fan = Limits.PageBytes / PagePointer.SizeBytes;

    private PagePointer[] _chunks = new PagePointer[SegmentImage.ChunksFor(segmentCount)];
    private PagePointer[] _directories = new PagePointer[(SegmentImage.ChunksFor(segmentCount) + Fan - 1) / Fan];
    private PagePointer _root;

    public PagePointer Root => _root;

    /// <summary>Where all current blobs are.</summary>
    public List<long> BlobAddresses()
    {
        var addresses = new List<long>(_chunks.Length + _directories.Length + 1);
        foreach (PagePointer pointer in (ReadOnlySpan<PagePointer>)[.. _chunks, .. _directories, _root])
        {
            if (pointer.IsStored)
            {
                addresses.Add((long)pointer.AddressBytes);
            }
        }
        return addresses;
    }

    /// <summary>A chunk that must be written anew so that the blob at this address is replaced; -1: it is no longer the current one.</summary>
    public int ChunkUnder(bool isChunk, ulong number, ulong addressBytes)
    {
        PagePointer[] pointers = isChunk ? _chunks : _directories;
        bool isCurrent = number < (ulong)pointers.Length ? pointers[number].AddressBytes == addressBytes : !isChunk && _root.AddressBytes == addressBytes;
        return !isCurrent ? -1 : isChunk ? (int)number : Math.Min((int)number, _directories.Length - 1) * Fan;
    }

    /// <summary>Writes the image's dirty chunks and the pages above them. Errno 0 or positive.</summary>
    public async ValueTask<int> WriteAsync(SegmentImage image, IndexHead head)
    {
        Array.Resize(ref _chunks, image.ChunkCount);
        Array.Resize(ref _directories, (image.ChunkCount + Fan - 1) / Fan);
        NativeSlice scratch = engine.Scratch.Rent();
        NativeSlice page = scratch.Slice(0, Limits.PageBytes);
        var dirtyDirectories = new bool[_directories.Length];
        try
        {
            for (int chunk = 0; chunk < _chunks.Length; chunk++)
            {
                if (!image.IsDirty[chunk] && _chunks[chunk].IsStored)
                {
                    continue;
                }
                image.WriteChunk(chunk, page.Span);
                OpResult<PagePointer> placed = await head.AppendBlobAsync(IndexHead.TableChunkSpace, (ulong)chunk, page).ConfigureAwait(false);
                if (!placed.IsOk)
                {
                    return placed.Errno;
                }
                _chunks[chunk] = placed.Value;
                dirtyDirectories[chunk / Fan] = true;
            }
            return await WriteDirectoriesAsync(dirtyDirectories, page, head).ConfigureAwait(false);
        }
        finally
        {
            engine.Scratch.Return(scratch);
        }
    }

    private async ValueTask<int> WriteDirectoriesAsync(bool[] dirty, NativeSlice page, IndexHead head)
    {
        for (int directory = 0; directory <= _directories.Length; directory++)
        {
            bool isRoot = directory == _directories.Length;
            if (!isRoot && !dirty[directory])
            {
                continue;
            }
            if (isRoot && !dirty.Contains(true))
            {
                break;
            }
            PagePointer[] source = isRoot ? _directories : _chunks;
            int first = isRoot ? 0 : directory * Fan;
            WritePointers(source.AsSpan(first, Math.Min(Fan, source.Length - first)), page.Span);
            OpResult<PagePointer> placed = await head.AppendBlobAsync(IndexHead.TableDirectorySpace, (ulong)directory, page).ConfigureAwait(false);
            if (!placed.IsOk)
            {
                return placed.Errno;
            }
            if (isRoot)
            {
                _root = placed.Value;
            }
            else
            {
                _directories[directory] = placed.Value;
            }
        }
        return 0;
    }

    /// <summary>Reads the whole table. What it has no pointers to was added by a resize after it was written, and is free. 0 or -errno.</summary>
    public async ValueTask<int> LoadAsync(PagePointer root, SegmentImage image)
    {
        NativeSlice scratch = engine.Scratch.Rent();
        NativeSlice page = scratch.Slice(0, Limits.PageBytes);
        try
        {
            _root = root;
            int result = await LoadPointersAsync(root, page, _directories, 0).ConfigureAwait(false);
            for (int i = 0; i < _directories.Length && result == 0; i++)
            {
                result = !_directories[i].IsStored ? 0 : await LoadPointersAsync(_directories[i], page, _chunks, i * Fan).ConfigureAwait(false);
            }
            for (int i = 0; i < _chunks.Length && result == 0; i++)
            {
                if (!_chunks[i].IsStored)
                {
                    continue;
                }
                result = await engine.ReadBlobAsync(_chunks[i], page).ConfigureAwait(false);
                if (result == 0 && !image.TryReadChunk(i, page.Span))
                {
                    result = -Errno.EUCLEAN;
                }
            }
            return result;
        }
        finally
        {
            engine.Scratch.Return(scratch);
        }
    }

    private async ValueTask<int> LoadPointersAsync(PagePointer pointer, NativeSlice page, PagePointer[] target, int first)
    {
        int result = await engine.ReadBlobAsync(pointer, page).ConfigureAwait(false);
        if (result == 0)
        {
            int count = Math.Min(Fan, target.Length - first);
            MemoryMarshal.Cast<byte, PagePointer>(page.Span)[..count].CopyTo(target.AsSpan(first));
        }
        return result;
    }

    private static void WritePointers(ReadOnlySpan<PagePointer> pointers, Span<byte> page)
    {
        page.Clear();
        MemoryMarshal.AsBytes(pointers).CopyTo(page);
    }
}
