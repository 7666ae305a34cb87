using Txlfs.Journal;
using Txlfs.Lfs;
using Txlfs.Lfs.Index;

namespace Txlfs.Tests.Unit.Fakes;

/// <summary>
/// An ordered map of records in memory: a list of sorted buckets, so that a test may hold a million records and reads allocate
/// nothing. Not thread-safe; <see cref="FakeEngine"/> serializes. <see cref="MissEvery"/> makes look-ups miss now and then, as pages that are not cached do.
/// </summary>
internal sealed class FakeIndex : IIndexReader
{
    private const int BucketRecords = 256;
    private const int MaxLoaded = 100_000;
    private readonly List<Bucket> _buckets = [new Bucket()];
    private long _reads;
    private readonly HashSet<Key> _loaded = [];

    public int Count { get; private set; }

    /// <summary>0: never; n: each n-th read misses, unless one of the same key has missed before.</summary>
    public int MissEvery { get; set; }
    public long Misses { get; private set; }

    public IEnumerable<KeyValuePair<Key, byte[]>> Records
        => _buckets.SelectMany(b => Enumerable.Range(0, b.Count).Select(i => KeyValuePair.Create(b.Keys[i], b.Values[i])));

    public byte[]? this[Key key]
    {
        get
        {
            (Bucket bucket, int at) = Find(key);
            return at < bucket.Count && bucket.Keys[at] == key ? bucket.Values[at] : null;
        }
    }

    public void Put(Key key, ReadOnlySpan<byte> value)
    {
        (Bucket bucket, int at) = Find(key);
        if (at < bucket.Count && bucket.Keys[at] == key)
        {
            bucket.Values[at] = value.ToArray();
            return;
        }
        if (bucket.Count == BucketRecords)
        {
            _buckets.Insert(_buckets.IndexOf(bucket) + 1, bucket.SplitOff());
            (bucket, at) = Find(key);
        }
        bucket.Insert(at, key, value.ToArray());
        Count++;
    }

    public void Delete(Key key)
    {
        (Bucket bucket, int at) = Find(key);
        if (at == bucket.Count || bucket.Keys[at] != key)
        {
            return;
        }
        bucket.RemoveAt(at);
        Count--;
        if (bucket.Count == 0 && _buckets.Count > 1)
        {
            _buckets.Remove(bucket);
        }
    }

    public int TryGet(Key key, Span<byte> buffer, out int lengthBytes, out PageReference missing)
    {
        int status = TrySeekAtLeast(key, key, out _, buffer, out lengthBytes, out missing);
        return status;
    }

    public int TrySeekAtLeast(Key from, Key last, out Key found, Span<byte> buffer, out int lengthBytes, out PageReference missing)
    {
        found = default;
        lengthBytes = 0;
        if (IsMiss(from, out missing))
        {
            return Op.Miss;
        }
        int bucketAt = BucketOf(from);
        int at = _buckets[bucketAt].LowerBound(from);
        if (at == _buckets[bucketAt].Count)
        {
            bucketAt++;
            at = 0;
        }
        return bucketAt < _buckets.Count && at < _buckets[bucketAt].Count && _buckets[bucketAt].Keys[at] <= last
            ? Take(_buckets[bucketAt], at, out found, buffer, out lengthBytes)
            : -Errno.ENOENT;
    }

    public int TrySeekAtMost(Key from, Key first, out Key found, Span<byte> buffer, out int lengthBytes, out PageReference missing)
    {
        found = default;
        lengthBytes = 0;
        if (IsMiss(from, out missing))
        {
            return Op.Miss;
        }
        Bucket bucket = _buckets[BucketOf(from)];
        int at = bucket.LowerBound(from);
        if (at == bucket.Count || bucket.Keys[at] != from)
        {
            at--;
        }
        return at >= 0 && bucket.Keys[at] >= first ? Take(bucket, at, out found, buffer, out lengthBytes) : -Errno.ENOENT;
    }

    private static int Take(Bucket bucket, int at, out Key found, Span<byte> buffer, out int lengthBytes)
    {
        found = bucket.Keys[at];
        byte[] value = bucket.Values[at];
        value.CopyTo(buffer);
        lengthBytes = value.Length;
        return 0;
    }

    private bool IsMiss(Key key, out PageReference missing)
    {
        missing = new PageReference(1, 0);
        if (MissEvery == 0 || ++_reads % MissEvery != 0 || !_loaded.Add(key))
        {
            return false;
        }
        Misses++;
        if (_loaded.Count > MaxLoaded)
        {
            _loaded.Clear();
        }
        return true;
    }

    private (Bucket Bucket, int At) Find(Key key)
    {
        Bucket bucket = _buckets[BucketOf(key)];
        return (bucket, bucket.LowerBound(key));
    }

    /// <summary>The last bucket whose first key is not above the key, or the first bucket.</summary>
    private int BucketOf(Key key)
    {
        int low = 0, high = _buckets.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (_buckets[middle].Keys[0] <= key)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }
        return low;
    }

    private sealed class Bucket
    {
        public readonly Key[] Keys = new Key[BucketRecords];
        public readonly byte[][] Values = new byte[BucketRecords][];
        public int Count { get; private set; }

        public int LowerBound(Key key)
        {
            int at = Array.BinarySearch(Keys, 0, Count, key);
            return at < 0 ? ~at : at;
        }

        public void Insert(int at, Key key, byte[] value)
        {
            Array.Copy(Keys, at, Keys, at + 1, Count - at);
            Array.Copy(Values, at, Values, at + 1, Count - at);
            Keys[at] = key;
            Values[at] = value;
            Count++;
        }

        public void RemoveAt(int at)
        {
            Count--;
            Array.Copy(Keys, at + 1, Keys, at, Count - at);
            Array.Copy(Values, at + 1, Values, at, Count - at);
        }

        public Bucket SplitOff()
        {
            var upper = new Bucket();
            int half = Count / 2;
            upper.Count = Count - half;
            Array.Copy(Keys, half, upper.Keys, 0, upper.Count);
            Array.Copy(Values, half, upper.Values, 0, upper.Count);
            Count = half;
            return upper;
        }
    }
}
