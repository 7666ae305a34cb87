using Txlfs.Journal;
using Txlfs.Lfs;
using Txlfs.Lfs.Format;
using Txlfs.Tests.Unit.Fakes;
using Xunit;
using static Txlfs.Tests.Unit.Namespace.NamespaceFixture;

namespace Txlfs.Tests.Unit.Namespace;

public sealed class ReadDirectoryTests : IDisposable
{
    private readonly NamespaceFixture _fs = new();

    public void Dispose() => _fs.Dispose();

    [Fact]
    public void DotsComeFirstThenEntriesInCookieOrder()
    {
        ulong d = _fs.Directory(Root, "d"), file = _fs.File(d, "f"), sub = _fs.Directory(d, "sub");
        List<Listed> entries = _fs.List(d);
        Assert.Equal((".", d, 1UL), (entries[0].Name, entries[0].Attributes.Inode, entries[0].Cookie));
        Assert.Equal(("..", Root, 2UL), (entries[1].Name, entries[1].Attributes.Inode, entries[1].Cookie));
        Assert.Equal(4, entries.Count);
        Assert.All(entries.Skip(2), e => Assert.InRange(e.Cookie, DirentRecord.FirstCookie, DirentRecord.LastCookie));
        Assert.Equal(entries.OrderBy(e => e.Cookie), entries);
        Assert.Equal(_fs.Get(file), entries.Single(e => e.Name == "f").Attributes);
        Assert.Equal(_fs.Get(sub), entries.Single(e => e.Name == "sub").Attributes);
        Assert.Equal(["..", entries[2].Name, entries[3].Name], _fs.List(d, cookie: 1).Select(e => e.Name));
        Assert.Equal(2, _fs.List(d, cookie: 2).Count);
        Assert.Equal(2, _fs.List(d, cookie: 9).Count);
        Assert.Empty(_fs.List(d, entries[3].Cookie));
        Assert.Empty(_fs.List(d, ulong.MaxValue));
    }

    [Fact]
    public void AFullSinkIsContinuedFromItsLastCookie()
    {
        for (int i = 0; i < 50; i++)
        {
            _fs.File(Root, $"f{i}");
        }
        List<Listed> all = _fs.List(Root);
        for (int step = 1; step < 7; step++)
        {
            var got = new List<Listed>();
            for (ulong cookie = 0; ; cookie = got[^1].Cookie)
            {
                List<Listed> part = _fs.List(Root, cookie, step);
                if (part.Count == 0)
                {
                    break;
                }
                got.AddRange(part);
            }
            Assert.Equal(all, got);
        }
        Assert.True(_fs.Engine.Index.Misses > 0);
    }

    [Fact]
    public void OnlyDirectoriesCanBeRead()
    {
        Assert.Equal(Errno.ENOTDIR, -_fs.Engine.Run(_fs.Names.Directories.ReadAsync(_fs.File(Root, "f"), 0, new ListSink(9))));
        Assert.Equal(Errno.ENOENT, -_fs.Engine.Run(_fs.Names.Directories.ReadAsync(999, 0, new ListSink(9))));
    }

    [Fact]
    public void AnInodeThatVanishesMeanwhileIsPassedOver()
    {
        _fs.File(Root, "a");
        ulong gone = _fs.File(Root, "b");
        _fs.Engine.Index.Delete(Lfs.Namespace.InodeLookup.KeyOf(gone));
        Assert.Equal(["a"], _fs.ListNames(Root));
    }

    [Fact]
    public void EntriesThatStayAreSeenOnceWhileOthersComeAndGo()
    {
        const int Kept = 100_000, Batch = 700;
        _fs.Engine.Index.MissEvery = 0;
        var random = new FakeRandom(11);
        for (int i = 0; i < Kept; i++)
        {
            _fs.File(Root, $"kept{i}");
        }
        _fs.Engine.Index.MissEvery = 13;
        var seen = new HashSet<string>();
        var coming = new List<string>();
        for (ulong cookie = 0; ;)
        {
            List<Listed> part = _fs.List(Root, cookie, Batch);
            if (part.Count == 0)
            {
                break;
            }
            Assert.All(part, e => Assert.True(seen.Add(e.Name), $"{e.Name} seen twice"));
            cookie = part[^1].Cookie;
            for (int i = 0; i < 10; i++)
            {
                coming.Add($"new{random.NextUInt64()}");
                _fs.File(Root, coming[^1]);
                if (coming.Count > 20)
                {
                    int victim = random.Next(coming.Count);
                    Assert.Equal(0, _fs.Unlink(Root, coming[victim]));
                    coming.RemoveAt(victim);
                }
            }
        }
        Assert.Equal(Kept, seen.Count(n => n.StartsWith("kept", StringComparison.Ordinal)));
        ReadFromAnyCookie(random);
    }

    private void ReadFromAnyCookie(FakeRandom random)
    {
        List<Listed> all = _fs.List(Root);
        for (int i = 0; i < 200; i++)
        {
            int at = random.Next(all.Count);
            Assert.Equal(all.Skip(at + 1).Take(20), _fs.List(Root, all[at].Cookie, 20));
        }
    }

    [Fact]
    public void ReadingAllocatesNothingPerEntry()
    {
        _fs.Engine.Index.MissEvery = 0;
        for (int i = 0; i < 2000; i++)
        {
            _fs.File(Root, $"f{i}");
        }
        var sink = new CountingSink();
        ReadAll(sink);
        long before = GC.GetAllocatedBytesForCurrentThread();
        ReadAll(sink);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4096);
        Assert.Equal(2 * 2002, sink.Count);
    }

    private void ReadAll(CountingSink sink)
    {
        ValueTask<int> reading = _fs.Names.Directories.ReadAsync(Root, 0, sink);
        Assert.True(reading.IsCompletedSuccessfully);
        Assert.Equal(0, reading.Result);
    }

    private sealed class CountingSink : IDirectorySink
    {
        public int Count { get; private set; }

        public bool TryAdd(ReadOnlySpan<byte> name, in InodeAttributes attributes, ulong cookie)
        {
            Count++;
            return true;
        }
    }
}
