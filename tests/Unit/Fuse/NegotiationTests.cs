using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Fuse.Abi;
using Xunit;

namespace Txlfs.Tests.Unit.Fuse;

public sealed class NegotiationTests
{
    private const ulong EverythingOffered = ulong.MaxValue;

    [Fact]
    public void The_lower_minor_counts_and_never_more_than_we_know()
    {
        Assert.Equal(31u, Reply(EverythingOffered, minor: 31).Minor);
        Assert.Equal(FuseNegotiation.NewestMinor, Reply(EverythingOffered, minor: 99).Minor);
    }

    [Fact]
    public void What_the_kernel_does_not_offer_is_dropped()
    {
        FuseInitOut answer = Reply((ulong)(FuseInitFlags.AsyncRead | FuseInitFlags.MaxPages));
        Assert.Equal(FuseInitFlags.AsyncRead | FuseInitFlags.MaxPages, Flags(answer));
    }

    [Fact]
    public void High_flags_count_only_with_the_extension()
    {
        ulong withoutExtension = EverythingOffered & ~(ulong)FuseInitFlags.InitExt;
        Assert.Equal(0u, Reply(withoutExtension).Flags2);
        Assert.NotEqual(FuseInitFlags.None, Flags(Reply(EverythingOffered)) & FuseInitFlags.OverIoUring);
    }

    [Fact]
    public void The_dev_transport_does_not_promise_queues_that_will_never_come()
    {
        FuseInitOut answer = Reply(EverythingOffered, Options with { Transport = FuseTransportKind.Dev });
        Assert.Equal(FuseInitFlags.None, Flags(answer) & FuseInitFlags.OverIoUring);
    }

    [Fact]
    public void The_umask_is_ours_only_with_access_control_lists()
    {
        Assert.Equal(FuseInitFlags.None, Flags(Reply(EverythingOffered)) & FuseInitFlags.DontMask);
        FuseServerOptions withAcl = Options with { Wanted = FuseNegotiation.Default | FuseInitFlags.PosixAcl };
        Assert.Equal(FuseInitFlags.DontMask, Flags(Reply(EverythingOffered, withAcl)) & FuseInitFlags.DontMask);
        Assert.Equal(FuseInitFlags.None, Flags(Reply(EverythingOffered & ~(ulong)FuseInitFlags.PosixAcl, withAcl)) & FuseInitFlags.DontMask);
    }

    [Theory]
    [InlineData(4096, 256)]
    [InlineData(16384, 64)]
    [InlineData(65536, 16)]
    public void A_write_is_as_large_as_the_pages_of_a_request_whatever_their_size(int pageBytes, int maxPages)
    {
        FuseInitOut answer = FuseNegotiation.Reply(Offer(EverythingOffered), Options, pageBytes);
        Assert.Equal((1u << 20, (ushort)maxPages), (answer.MaxWriteBytes, answer.MaxPages));
    }

    [Fact]
    public void Without_max_pages_writes_keep_the_old_limit()
    {
        FuseInitOut answer = FuseNegotiation.Reply(Offer(0), Options, 4096);
        Assert.Equal((32u * 4096, (ushort)0), (answer.MaxWriteBytes, answer.MaxPages));
    }

    private static FuseServerOptions Options => new() { MountPoint = "/mnt", Source = "memory" };

    private static FuseInitFlags Flags(in FuseInitOut answer) => (FuseInitFlags)(answer.Flags | ((ulong)answer.Flags2 << 32));

    private static FuseInitIn Offer(ulong flags, uint minor = 45) =>
        new() { Major = 7, Minor = minor, MaxReadAheadBytes = 1 << 17, Flags = (uint)flags, Flags2 = (uint)(flags >> 32) };

    private static FuseInitOut Reply(ulong flags, FuseServerOptions? options = null, uint minor = 45) =>
        FuseNegotiation.Reply(Offer(flags, minor), options ?? Options, 4096);
}
