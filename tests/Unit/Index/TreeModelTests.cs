using Txlfs.Lfs;
using Txlfs.Lfs.Index;
using Xunit;

namespace Txlfs.Tests.Unit.Index;

/// <summary>Random histories against a sorted dictionary, with checkpoints and loads that interleave with the writer; one thread, one seed.</summary>
public class TreeModelTests
{
    /// <summary>How the history picks keys.</summary>
    public enum Pattern { Random, Ascending, Clustered }

    public static IEnumerable<object[]> Seeds()
    {
        foreach (Pattern pattern in Enum.GetValues<Pattern>())
        {
            for (int seed = 1; seed <= 8; seed++)
            {
                yield return [seed, pattern];
            }
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void FollowsTheModel(int seed, Pattern pattern)
    {
        try
        {
            new History(seed, pattern).Run(2500);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"seed {seed}, pattern {pattern}: {e.Message}", e);
        }
    }

    private sealed class History
    {
        private readonly Random _random;
        private readonly Pattern _pattern;
        private readonly SortedDictionary<Key, byte[]> _model = [];
        private readonly List<Key> _known = [];
        private readonly IndexHarness _index;
        private Dictionary<Key, byte[]> _asOfBegin = [];
        private ulong _next = 1;
        private bool _isShrinking;

        public History(int seed, Pattern pattern)
        {
            _random = new Random(seed);
            _pattern = pattern;
            _index = new IndexHarness(IndexOptions.MinCapacityPages + _random.Next(64), new Random(seed + 1000))
            {
                Beginning = () => _asOfBegin = new Dictionary<Key, byte[]>(_model),
                Checkpointed = CheckImage,
            };
        }

        public void Run(int steps)
        {
            for (int i = 0; i < steps; i++)
            {
                _isShrinking = i % 1000 > 600;
                Step();
            }
            Begin();
            _index.FinishCheckpoint();
            _index.Verify();
            CompareAll();
            DeleteAll();
            _index.Verify();
            _index.Dispose();
        }

        private void Begin()
        {
            if (!_index.IsCheckpointing)
            {
                _index.BeginCheckpoint();
            }
        }

        private void Step()
        {
            int dice = _random.Next(100);
            if (_index.Tree.DirtyPages > _index.Tree.Capacity * 2 / 5 || dice == 0)
            {
                Begin();
            }
            for (int i = _random.Next(3); i > 0; i--)
            {
                _index.Pages.Pump();
            }
            if (_index.IsCheckpointing && dice is >= 1 and < 4)
            {
                _index.FinishCheckpoint();
            }
            else if (dice < 70)
            {
                Commit();
            }
            else if (dice < 85)
            {
                Key key = AnyKey();
                Assert.Equal(_model.GetValueOrDefault(key), _index.Get(key));
            }
            else
            {
                Seek();
            }
            if (dice == 99 && !_index.IsCheckpointing)
            {
                _index.Verify();
            }
        }

        private void Commit()
        {
            var expected = new Dictionary<Key, byte[]?>();
            _index.Commit(batch =>
            {
                for (int i = _random.Next(4) == 0 ? _random.Next(1, 12) : 1; i > 0; i--)
                {
                    bool isDelete = _random.Next(100) < (_isShrinking ? 80 : 15);
                    Key key = isDelete && _known.Count > 0 ? _known[_random.Next(_known.Count)] : NewKey();
                    byte[]? value = isDelete ? null : Value();
                    if (value is null)
                    {
                        batch.Delete(key);
                    }
                    else
                    {
                        batch.Put(key, value, _index.Csn);
                        BitConverter.TryWriteBytes(value, _index.Csn);
                        _known.Add(key);
                    }
                    expected[key] = value;
                }
            });
            foreach ((Key key, byte[]? value) in expected)
            {
                byte[]? old = _model.GetValueOrDefault(key);
                if (old is not null || value is not null)
                {
                    (Key Key, byte[] Old, byte[] New) change = Assert.Single(_index.Changes, c => c.Key == key);
                    Assert.Equal(old ?? [], change.Old);
                    Assert.Equal(value ?? [], change.New);
                }
                if (value is null)
                {
                    _model.Remove(key);
                }
                else
                {
                    _model[key] = value;
                }
            }
            Assert.Equal((ulong)_model.Count, _index.Tree.Records);
        }

        private Key NewKey() => _pattern switch
        {
            Pattern.Ascending => new Key(_next++, 0),
            Pattern.Clustered => new Key((ulong)_random.Next(30), _next++),
            _ => AnyKey(),
        };

        private Key AnyKey() => _known.Count > 0 && _random.Next(2) == 0
            ? _known[_random.Next(_known.Count)]
            : new Key((ulong)_random.Next(200), (ulong)_random.Next(200));

        private byte[] Value()
        {
            var value = new byte[_random.Next(6) == 0 ? _random.Next(8, Limits.MaxValueBytes + 1) : _random.Next(8, 200)];
            _random.NextBytes(value);
            return value;
        }

        private void Seek()
        {
            Key from = AnyKey();
            var bound = new Key((ulong)_random.Next(200), 0);
            (Key, byte[])? up = _index.AtLeast(from, bound);
            KeyValuePair<Key, byte[]> expected = _model.FirstOrDefault(r => r.Key >= from && r.Key <= bound);
            Assert.Equal(expected.Value, up?.Item2);
            (Key, byte[])? down = _index.AtMost(from, bound);
            expected = _model.LastOrDefault(r => r.Key <= from && r.Key >= bound);
            Assert.Equal(expected.Value, down?.Item2);
        }

        /// <summary>What the checkpoint holds is exactly the state when it began, whatever the writer did meanwhile.</summary>
        private void CheckImage()
        {
            using var image = new IndexHarness(_index.Pages, _index.Root, IndexOptions.MinCapacityPages);
            int count = 0;
            Key from = default;
            while (image.AtLeast(from, new Key(ulong.MaxValue, ulong.MaxValue)) is (Key key, byte[] value))
            {
                Assert.Equal(_asOfBegin[key], value);
                count++;
                from = key with { Tail = key.Tail + 1 };
            }
            Assert.Equal(_asOfBegin.Count, count);
            image.Verify();
        }

        private void CompareAll()
        {
            Key from = default;
            foreach ((Key key, byte[] value) in _model)
            {
                (Key, byte[])? found = _index.AtLeast(from, new Key(ulong.MaxValue, ulong.MaxValue));
                Assert.Equal((key, true), (found!.Value.Item1, value.AsSpan().SequenceEqual(found.Value.Item2)));
                from = key with { Tail = key.Tail + 1 };
            }
        }

        private void DeleteAll()
        {
            foreach (Key key in _model.Keys.ToArray())
            {
                _index.Delete(key);
                _model.Remove(key);
            }
            IndexRoot root = _index.FinishCheckpoint();
            Assert.Equal(0UL, root.Records);
            Assert.Equal(1UL, root.Pages);
        }
    }
}
