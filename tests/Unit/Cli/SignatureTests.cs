using Txlfs.Cli.Signatures;
using Xunit;

namespace Txlfs.Tests.Unit.Cli;

public class SignatureTests
{
    [Fact]
    public void EverySignatureIsFoundWhereItBelongs()
    {
        foreach (Signature signature in Signature.Known)
        {
            byte[] head = new byte[512 * 1024];
            signature.Magic.CopyTo(head, signature.OffsetBytes);
            Assert.Equal(signature.Name, SignatureProber.Identify(head));
        }
    }

    [Fact]
    public void ZerosAndShortImagesHoldNothing()
    {
        Assert.Null(SignatureProber.Identify(new byte[512 * 1024]));
        Assert.Null(SignatureProber.Identify([]));
        Assert.Null(SignatureProber.Identify(new byte[100]));
    }

    [Fact]
    public void APartitionTableNeedsAPartition()
    {
        byte[] head = new byte[4096];
        (head[510], head[511]) = (0x55, 0xAA);
        Assert.Null(SignatureProber.Identify(head));
        head[446 + 4] = 0x83;
        head[446 + 12] = 1;
        Assert.Equal("an MBR partition table", SignatureProber.Identify(head));
        head[446] = 0x12;
        Assert.Null(SignatureProber.Identify(head));
    }

    [Fact]
    public void AZfsMemberIsKnownByAnUberblockOfEitherByteOrder()
    {
        byte[] head = new byte[512 * 1024];
        BitConverter.TryWriteBytes(head.AsSpan(128 * 1024 + 5 * 1024), 0x00BAB10CUL);
        Assert.Equal("a zfs pool member", SignatureProber.Identify(head));
    }
}
