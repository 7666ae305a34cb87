using System.Buffers.Binary;
using Txlfs.Journal;
using Txlfs.Lfs;
using Txlfs.Lfs.Index;
using Xunit;

namespace Txlfs.Tests.Unit.Index;

/// <summary>
/// Readers on threads of their own while the writer grows, shrinks and overwrites around stable keys, checkpoints run and pages are evicted:
/// a stable key is always found, and no value is ever torn (its length and every byte follow from its first eight).
/// </summary>
public class ConcurrencyTests
{
    private const int StableEvery = 16;
    private const int Keys = 4000;
    private static readonly Key Last = new(ulong.MaxValue, ulong.MaxValue);

    private readonly struct Ignore : IMutationObserver
    {
        public void Changed(Key key, ReadOnlySpan<byte> oldValue, ReadOnlySpan<byte> newValue)
        {
        }
    }

    [Fact]
    public async Task StableRecordsAreNeverMissedAndValuesNeverTorn()
    {
        int seed = Environment.TickCount;
        var pages = new MemoryPages();
        using IndexTree tree = IndexTree.Create(new IndexOptions(200, IndexHarness.VolumeTag), pages);
        var random = new Random(seed);
        var writer = new Writer(tree, pages);
        for (int i = 0; i < Keys; i += StableEvery)
        {
            writer.Commit(random, [KeyOf(i)], isDelete: false);
        }
        bool isDone = false;
        Exception? failure = null;
        Thread[] readers = [.. Enumerable.Range(0, 3).Select(n => new Thread(() =>
        {
            try
            {
                var own = new Random(seed + n + 1);
                while (!Volatile.Read(ref isDone))
                {
                    ReadSome(tree, own);
                }
            }
            catch (Exception e)
            {
                failure = e;
            }
        }))];
        Array.ForEach(readers, r => r.Start());
        try
        {
            for (int round = 0; round < 6000 && failure is null; round++)
            {
                bool isDelete = round / 1000 % 2 == 1;
                int first = random.Next(Keys);
                Key[] keys = [.. Enumerable.Range(first, random.Next(1, 24)).Where(k => k % Keys % StableEvery != 0 || !isDelete).Select(k => KeyOf(k % Keys))];
                writer.Commit(random, keys, isDelete);
            }
        }
        finally
        {
            // Before the tree goes, also when the writer has failed.
            Volatile.Write(ref isDone, true);
            Array.ForEach(readers, r => r.Join());
        }
        Assert.True(failure is null, $"seed {seed}: {failure}");
        writer.EndCheckpoint();
        var violations = new List<string>();
        await tree.VerifyAsync(violations.Add);
        Assert.Empty(violations);
        Assert.Empty(pages.Complaints);
        Assert.True(tree.Counters.Checkpoints > 0 && tree.Counters.Evictions > 0 && tree.Counters.Splits > 0 && tree.Counters.PreservedImages > 0);
    }

    private static Key KeyOf(int n) => new((ulong)(n / 64), (ulong)(n % 64));

    private static void ReadSome(IndexTree tree, Random random)
    {
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        Key stable = KeyOf(random.Next(Keys / StableEvery) * StableEvery);
        int length;
        PageReference missing;
        while (tree.TryGet(stable, buffer, out length, out missing) is int got && got != 0)
        {
            Assert.Equal(Op.Miss, got);
            Load(tree, missing);
        }
        CheckValue(buffer[..length]);
        Key from = KeyOf(random.Next(Keys));
        int result;
        Key found;
        while ((result = random.Next(2) == 0
            ? tree.TrySeekAtLeast(from, Last, out found, buffer, out length, out missing)
            : tree.TrySeekAtMost(from, default, out found, buffer, out length, out missing)) == Op.Miss)
        {
            Load(tree, missing);
        }
        if (result == 0)
        {
            CheckValue(buffer[..length]);
            int distance = Math.Abs((int)(found.Inode * 64 + found.Tail) - (int)(from.Inode * 64 + from.Tail));
            Assert.True(distance <= StableEvery, $"a seek from {from} passed over a stable key to {found}");
        }
        else
        {
            Assert.Equal(-Errno.ENOENT, result);
            Assert.True(from > KeyOf(Keys - StableEvery - 1), $"a seek from {from} found nothing");
        }
    }

    private static void Load(IndexTree tree, PageReference missing)
    {
        int result = tree.LoadAsync(missing).AsTask().GetAwaiter().GetResult();
        Assert.True(result is 0 or -Errno.EAGAIN, $"load: {result}");
    }

    /// <summary>Commits on the test's thread; checkpoints run on another one meanwhile.</summary>
    private sealed class Writer(IndexTree tree, MemoryPages pages)
    {
        private readonly MutationBatch _batch = new();
        private Task<OpResult<IndexRoot>>? _checkpoint;
        private ulong _number;

        public void Commit(Random random, Key[] keys, bool isDelete)
        {
            _batch.Clear();
            Span<byte> value = stackalloc byte[Limits.MaxValueBytes];
            foreach (Key key in keys)
            {
                ulong stamp = (ulong)random.NextInt64();
                int length = LengthOf(stamp);
                value[..length].Fill((byte)stamp);
                if (isDelete)
                {
                    _batch.Delete(key);
                }
                else
                {
                    _batch.Put(key, value[..length], stamp);
                }
            }
            Apply();
            if (_checkpoint is { IsCompleted: true })
            {
                EndCheckpoint();
            }
            else if (_checkpoint is null && tree.DirtyPages > tree.Capacity / 4)
            {
                BeginCheckpoint();
            }
        }

        private void Apply()
        {
            int result;
            while ((result = tree.Prepare(_batch, out PageReference missing)) != 0)
            {
                if (result == Op.Miss)
                {
                    Load(tree, missing);
                    continue;
                }
                Assert.Equal(IndexTree.NoCleanFrame, result);
                BeginCheckpoint();
                EndCheckpoint();
            }
            var ignore = default(Ignore);
            tree.Apply(_batch, 1, ref ignore);
        }

        private void BeginCheckpoint()
        {
            if (_checkpoint is null)
            {
                tree.BeginCheckpoint(++_number);
                _checkpoint = Task.Run(() => tree.WriteCheckpointAsync(pages).AsTask());
            }
        }

        public void EndCheckpoint()
        {
            if (_checkpoint is not null)
            {
                Assert.True(_checkpoint.Result.IsOk);
                tree.EndCheckpoint();
                pages.Forget();
                _checkpoint = null;
            }
        }
    }

    private static int LengthOf(ulong stamp) => 8 + (int)(stamp >> 8 & 0xFF) + ((stamp & 0x70000) == 0 ? 1500 : 0);

    private static void CheckValue(ReadOnlySpan<byte> value)
    {
        ulong stamp = BinaryPrimitives.ReadUInt64LittleEndian(value);
        Assert.Equal(LengthOf(stamp), value.Length);
        Assert.False(value[8..].ContainsAnyExcept((byte)stamp), "torn value");
    }
}
