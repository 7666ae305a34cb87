using System.Text;
using Txlfs.Fsd.Operations;
using Txlfs.Journal;
using Txlfs.Journal.Device;
using Xunit;

namespace Txlfs.Tests.Unit.Operations;

public unsafe class RequestsTests
{
    private static int Take(byte[] payload, bool isOrdinary, out string name, out int restBytes)
    {
        fixed (byte* memory = payload)
        {
            NativeSlice rest = new(memory, payload.Length);
            int errno = isOrdinary ? Requests.TakeOrdinaryName(ref rest, out NativeSlice taken) : Requests.TakeName(ref rest, out taken);
            name = Encoding.UTF8.GetString(taken.Span);
            restBytes = rest.LengthBytes;
            return errno;
        }
    }

    [Fact]
    public void ANameEndsAtItsNul()
    {
        Assert.Equal(0, Take("one\0two\0"u8.ToArray(), true, out string name, out int rest));
        Assert.Equal("one", name);
        Assert.Equal(4, rest);
    }

    [Fact]
    public void HostileNamesAreRefused()
    {
        Assert.Equal(Errno.EINVAL, Take([], true, out _, out _));
        Assert.Equal(Errno.EINVAL, Take("unterminated"u8.ToArray(), true, out _, out _));
        Assert.Equal(Errno.EINVAL, Take("\0"u8.ToArray(), true, out _, out _));
        Assert.Equal(Errno.EINVAL, Take("a/b\0"u8.ToArray(), true, out _, out _));
        Assert.Equal(Errno.EINVAL, Take(".\0"u8.ToArray(), true, out _, out _));
        Assert.Equal(Errno.EINVAL, Take("..\0"u8.ToArray(), true, out _, out _));
        Assert.Equal(0, Take("..\0"u8.ToArray(), false, out _, out _));
    }

    [Fact]
    public void A255ByteNameFitsAndALongerOneDoesNot()
    {
        byte[] payload = new byte[256];
        Array.Fill(payload, (byte)'x', 0, 255);
        Assert.Equal(0, Take(payload, true, out string name, out _));
        Assert.Equal(255, name.Length);
        byte[] tooLong = new byte[257];
        Array.Fill(tooLong, (byte)'x', 0, 256);
        Assert.Equal(Errno.ENAMETOOLONG, Take(tooLong, true, out _, out _));
    }
}
