using Txlfs.Journal;
using Txlfs.Lfs;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Namespace;
using Xunit;
using static Txlfs.Tests.Unit.Namespace.NamespaceFixture;

namespace Txlfs.Tests.Unit.Namespace;

public sealed class CollisionTests : IDisposable
{
    private readonly NamespaceFixture _fs = new(new CollidingHasher(1));

    public void Dispose()
    {
        _fs.CheckConsistency();
        _fs.Dispose();
    }

    [Fact]
    public void SixteenNamesOfOneHashFitAndFreedSlotsAreUsedAgain()
    {
        ulong[] files = [.. Enumerable.Range(0, 16).Select(i => _fs.File(Root, $"f{i}"))];
        Assert.Equal(-Errno.ENOSPC, _fs.Create(Root, "f16"));
        Assert.Equal(-Errno.ENOSPC, _fs.Rename(Root, "f3", Root, "other"));
        Assert.Equal(-Errno.EEXIST, _fs.Create(Root, "f15"));
        Dictionary<string, ulong> cookies = _fs.List(Root).ToDictionary(e => e.Name, e => e.Cookie);
        Assert.Equal(0, _fs.Unlink(Root, "f5"));
        Assert.True(_fs.Create(Root, "again") > 0);
        foreach (Listed entry in _fs.List(Root))
        {
            Assert.Equal(entry.Name == "again" ? cookies["f5"] : cookies[entry.Name], entry.Cookie);
        }
        foreach (int i in Enumerable.Range(0, 16).Where(i => i != 5))
        {
            Assert.Equal((long)files[i], _fs.Lookup(Root, $"f{i}"));
        }
        Assert.Equal(0, _fs.Rename(Root, "f3", Root, "f4"));
        Assert.Equal((long)files[3], _fs.Lookup(Root, "f4"));
    }

    [Fact]
    public void HashZeroLeavesTheCookiesOfTheDotsFree()
    {
        _fs.File(Root, "f"); // the hasher gives 0
        Assert.Equal(DirentRecord.FirstCookie, _fs.List(Root)[2].Cookie);
        Assert.Equal(DirentRecord.FirstCookie, DirentRecord.FirstCookieOf(0));
        Assert.Equal(DirentRecord.FirstCookie, DirentRecord.FirstCookieOf(0x1FF));
        Assert.Equal(0xFFF_FFFF_FFFF_FFF0UL, DirentRecord.FirstCookieOf(ulong.MaxValue));
        Assert.True(DirentRecord.LastCookie < 1UL << 63);
    }

    [Fact]
    public void SipHashIsTheirs()
    {
        // The reference vectors of the SipHash paper's appendix and its test program: key 00..0f, input 00, 01, ...
        byte[] input = [.. Enumerable.Range(0, 15).Select(i => (byte)i)];
        Assert.Equal(0xa129ca6149be45e5UL, SipHash.Compute(0x0706050403020100, 0x0f0e0d0c0b0a0908, input));
        Assert.Equal(0x726fdb47dd0e0e31UL, SipHash.Compute(0x0706050403020100, 0x0f0e0d0c0b0a0908, []));
        Assert.Equal(0x93f5f5799a932462UL, SipHash.Compute(0x0706050403020100, 0x0f0e0d0c0b0a0908, input.AsSpan(0, 8)));
    }

    [Fact]
    public void TheKeyOfTheHashIsPinned()
        => Assert.Equal(SipHash.Compute(0x1122334455667788, ~0x5566778811223344UL, "name"u8), new NameHasher(0x1122334455667788).Hash("name"u8));
}
