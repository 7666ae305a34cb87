using Txlfs.Journal;
using Txlfs.Lfs;
using Txlfs.Lfs.Index;
using Xunit;

namespace Txlfs.Tests.Unit.Index;

/// <summary>A tree over memory pages, driven as the engine drives it: tries, loads what is missing, checkpoints when told that there is no frame.</summary>
internal sealed class IndexHarness : IDisposable
{
    public const ulong VolumeTag = 0x1122334455667788;

    private readonly MutationBatch _batch = new();
    private readonly byte[] _buffer = new byte[Limits.MaxValueBytes];
    private ValueTask<OpResult<IndexRoot>>? _running;
    private ulong _checkpoints;

    public IndexHarness(int capacityPages = IndexOptions.MinCapacityPages, Random? deferred = null)
    {
        Pages = new MemoryPages(deferred);
        Tree = IndexTree.Create(new IndexOptions(capacityPages, VolumeTag), Pages);
    }

    public IndexHarness(MemoryPages pages, in IndexRoot root, int capacityPages)
    {
        Pages = pages;
        Tree = IndexTree.Open(root, new IndexOptions(capacityPages, VolumeTag), pages);
    }

    public MemoryPages Pages { get; }
    public IndexTree Tree { get; }
    public ulong Csn { get; private set; }
    public IndexRoot Root { get; private set; }
    public bool IsCheckpointing => _running is not null;
    public List<(Key Key, byte[] Old, byte[] New)> Changes { get; } = [];

    /// <summary>Runs when a checkpoint begins, and when it is done.</summary>
    public Action? Beginning { get; set; }
    public Action? Checkpointed { get; set; }

    private ref struct Recorder : IMutationObserver
    {
        public List<(Key, byte[], byte[])> Into;

        public readonly void Changed(Key key, ReadOnlySpan<byte> oldValue, ReadOnlySpan<byte> newValue)
            => Into.Add((key, oldValue.ToArray(), newValue.ToArray()));
    }

    public byte[]? Get(Key key)
    {
        while (true)
        {
            int result = Tree.TryGet(key, _buffer, out int length, out PageReference missing);
            if (result != Op.Miss)
            {
                Assert.True(result is 0 or -Errno.ENOENT, $"get: {result}");
                return result == 0 ? _buffer.AsSpan(0, length).ToArray() : null;
            }
            Load(missing);
        }
    }

    public (Key, byte[])? AtLeast(Key from, Key last)
    {
        while (true)
        {
            int result = Tree.TrySeekAtLeast(from, last, out Key found, _buffer, out int length, out PageReference missing);
            if (result != Op.Miss)
            {
                Assert.True(result is 0 or -Errno.ENOENT, $"seek: {result}");
                return result == 0 ? (found, _buffer.AsSpan(0, length).ToArray()) : null;
            }
            Load(missing);
        }
    }

    public (Key, byte[])? AtMost(Key from, Key first)
    {
        while (true)
        {
            int result = Tree.TrySeekAtMost(from, first, out Key found, _buffer, out int length, out PageReference missing);
            if (result != Op.Miss)
            {
                Assert.True(result is 0 or -Errno.ENOENT, $"seek: {result}");
                return result == 0 ? (found, _buffer.AsSpan(0, length).ToArray()) : null;
            }
            Load(missing);
        }
    }

    public void Load(PageReference missing)
    {
        int result = Pages.Wait(Tree.LoadAsync(missing));
        if (result == -Errno.EAGAIN)
        {
            FinishCheckpoint();
            return;
        }
        Assert.Equal(0, result);
    }

    public void Put(Key key, byte[] value) => Commit(batch => batch.Put(key, value, Csn));

    public void Delete(Key key) => Commit(batch => batch.Delete(key));

    public void Commit(Action<MutationBatch> fill)
    {
        Csn++;
        _batch.Clear();
        fill(_batch);
        while (true)
        {
            int result = Tree.Prepare(_batch, out PageReference missing);
            if (result == 0)
            {
                break;
            }
            if (result == IndexTree.NoCleanFrame)
            {
                FinishCheckpoint();
                continue;
            }
            Assert.Equal(Op.Miss, result);
            Load(missing);
        }
        Changes.Clear();
        var recorder = new Recorder { Into = Changes };
        Tree.Apply(_batch, Csn, ref recorder);
    }

    public void BeginCheckpoint()
    {
        Beginning?.Invoke();
        Tree.BeginCheckpoint(++_checkpoints);
        _running = Tree.WriteCheckpointAsync(Pages).Preserve();
    }

    /// <summary>Ends the checkpoint that runs, or one that it begins.</summary>
    public IndexRoot FinishCheckpoint()
    {
        if (_running is null)
        {
            BeginCheckpoint();
        }
        OpResult<IndexRoot> result = Pages.Wait(_running!.Value);
        _running = null;
        Assert.True(result.IsOk, $"checkpoint: {result.Errno}");
        var bytes = new byte[IndexRoot.SizeBytes];
        result.Value.Write(bytes);
        Assert.True(IndexRoot.TryRead(bytes, out IndexRoot read));
        Assert.Equal(result.Value.MapRoot.AddressBytes, read.MapRoot.AddressBytes);
        Root = read;
        Tree.EndCheckpoint();
        Checkpointed?.Invoke();
        Pages.Forget();
        return Root;
    }

    public void Verify()
    {
        var violations = new List<string>();
        ValueTask task = Tree.VerifyAsync(violations.Add);
        while (!task.IsCompleted)
        {
            Assert.True(Pages.Pump());
        }
        task.GetAwaiter().GetResult();
        Assert.Empty(violations);
        Assert.Empty(Pages.Complaints);
    }

    public void Dispose() => Tree.Dispose();
}
