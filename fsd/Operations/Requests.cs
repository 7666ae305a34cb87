using System.Runtime.CompilerServices;
using Txlfs.Fsd.Fuse;
using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Lfs;

namespace Txlfs.Fsd.Operations;

/// <summary>What a request says, checked against the bounds of its message. Errors are positive errnos, 0 is success.</summary>
internal static class Requests
{
    /// <summary>The fixed arguments. False: the message is too short for them (and the transport has let it through): EINVAL.</summary>
    public static unsafe bool TryArguments<T>(FuseRequest request, out T arguments) where T : unmanaged
    {
        NativeSlice slice = request.Arguments;
        if (slice.LengthBytes < sizeof(T))
        {
            arguments = default;
            return false;
        }
        arguments = Unsafe.ReadUnaligned<T>(slice.Pointer);
        return true;
    }

    /// <summary>One file name at the beginning of <paramref name="rest"/>, which is left behind its NUL.</summary>
    public static int TakeName(ref NativeSlice rest, out NativeSlice name)
    {
        int errno = TakeString(ref rest, out name);
        if (errno != 0)
        {
            return errno;
        }
        if (name.LengthBytes > Limits.MaxNameBytes)
        {
            return Errno.ENAMETOOLONG;
        }
        return name.IsEmpty || name.Span.Contains((byte)'/') ? Errno.EINVAL : 0;
    }

    /// <summary>A name that is to be made or removed: neither "." nor "..".</summary>
    public static int TakeOrdinaryName(ref NativeSlice rest, out NativeSlice name)
    {
        int errno = TakeName(ref rest, out name);
        return errno == 0 && (name.Span.SequenceEqual("."u8) || name.Span.SequenceEqual(".."u8)) ? Errno.EINVAL : errno;
    }

    /// <summary>Any NUL-terminated string (a symbolic link's target, an attribute's name).</summary>
    public static int TakeString(ref NativeSlice rest, out NativeSlice text)
    {
        int end = rest.Span.IndexOf((byte)0);
        if (end < 0)
        {
            text = default;
            return Errno.EINVAL;
        }
        text = rest.Slice(0, end);
        rest = rest.Slice(end + 1);
        return 0;
    }
}
