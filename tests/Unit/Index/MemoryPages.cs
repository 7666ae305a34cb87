using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Lfs;
using Txlfs.Lfs.Index;

namespace Txlfs.Tests.Unit.Index;

/// <summary>
/// A device of pages in memory. Deferred: no call completes before <see cref="Pump"/> says so, in random order, so that one thread and one
/// seed decide how loads, checkpoint and writer interleave. Images that a durable checkpoint has superseded are forgotten: reading one fails.
/// </summary>
internal sealed class MemoryPages(Random? deferred = null) : IPageStore, IPageSink
{
    private readonly Dictionary<ulong, byte[]> _images = [];
    private readonly List<ulong> _dead = [];
    private readonly List<Action> _pending = [];
    private ulong _nextAddress = 4096;

    public List<string> Complaints { get; } = [];
    public int FailAppendAfter { get; set; } = int.MaxValue;
    public int FailReads { get; set; }
    public int Appends { get; private set; }
    public int LiveImages => _images.Count - _dead.Count;
    public IEnumerable<ulong> Addresses => _images.Keys;

    public byte[] Image(ulong address) => _images[address];

    public ValueTask<int> ReadAsync(in PagePointer pointer, NativeSlice destination)
    {
        PagePointer from = pointer;
        return Run(() => Read(from, destination));
    }

    public ValueTask<OpResult<PagePointer>> AppendAsync(int space, ulong pageId, NativeSlice page, in PagePointer old)
    {
        PagePointer replaced = old;
        return Run(() => Append(space, pageId, page, replaced));
    }

    public void Drop(int space, ulong pageId, in PagePointer old) => Kill(space, pageId, old);

    /// <summary>The checkpoint is durable: the device may overwrite what it superseded.</summary>
    public void Forget()
    {
        lock (_images)
        {
            _dead.ForEach(address => _images.Remove(address));
            _dead.Clear();
        }
    }

    public bool Pump()
    {
        if (_pending.Count == 0)
        {
            return false;
        }
        int at = deferred!.Next(_pending.Count);
        Action action = _pending[at];

        // Under a context (the test runner's) continuations would go to another thread, and the seed would not decide any more.
        SynchronizationContext.SetSynchronizationContext(null);
        _pending.RemoveAt(at);
        action();
        return true;
    }

    public T Wait<T>(ValueTask<T> task)
    {
        while (!task.IsCompleted)
        {
            if (!Pump())
            {
                throw new InvalidOperationException("waits for nothing");
            }
        }
        return task.GetAwaiter().GetResult();
    }

    public ValueTask<T> Run<T>(Func<T> action)
    {
        if (deferred is null || deferred.Next(4) == 0)
        {
            return new ValueTask<T>(action());
        }
        var source = new TaskCompletionSource<T>();
        _pending.Add(() => source.SetResult(action()));
        return new ValueTask<T>(source.Task);
    }

    private int Read(in PagePointer pointer, NativeSlice destination)
    {
        if (FailReads > 0)
        {
            FailReads--;
            return -Errno.EIO;
        }
        lock (_images)
        {
            if (!_images.TryGetValue(pointer.AddressBytes, out byte[]? image))
            {
                destination.Span.Fill(0xA5);
                return -Errno.EIO;
            }
            image.CopyTo(destination.Span);
            return 0;
        }
    }

    private OpResult<PagePointer> Append(int space, ulong pageId, NativeSlice page, in PagePointer old)
    {
        if (Appends++ >= FailAppendAfter)
        {
            return OpResult<PagePointer>.Fail(Errno.EIO);
        }
        Kill(space, pageId, old);
        ulong address = _nextAddress;
        _nextAddress += Limits.PageBytes;
        lock (_images)
        {
            _images[address] = page.Span.ToArray();
        }
        return new PagePointer { AddressBytes = address, StoredLengthBytes = Limits.PageBytes, Codec = CodecKind.None };
    }

    private void Kill(int space, ulong pageId, in PagePointer old)
    {
        if (!old.IsStored)
        {
            return;
        }
        byte[]? image;
        lock (_images)
        {
            _images.TryGetValue(old.AddressBytes, out image);
        }
        if (image is null || _dead.Contains(old.AddressBytes))
        {
            Complaints.Add($"page {space}:{pageId}: old image at {old.AddressBytes} is dead already");
            return;
        }
        if (BitConverter.ToUInt64(image, PageLayout.PageIdAt) != pageId)
        {
            Complaints.Add($"page {space}:{pageId}: old image at {old.AddressBytes} is of another page");
        }
        _dead.Add(old.AddressBytes);
    }
}
