using Txlfs.Journal;
using Txlfs.Journal.Device;

namespace Txlfs.Lfs.Namespace;

/// <summary>What may be the name of an entry.</summary>
internal static class NameRules
{
    public static bool IsDot(ReadOnlySpan<byte> name) => name is [(byte)'.'];

    public static bool IsDotDot(ReadOnlySpan<byte> name) => name is [(byte)'.', (byte)'.'];

    public static bool IsDots(ReadOnlySpan<byte> name) => IsDot(name) || IsDotDot(name);

    /// <summary>0, or the errno for a name that no entry can have ("." and ".." pass).</summary>
    public static int Check(NativeSlice name)
    {
        if (name.LengthBytes > Limits.MaxNameBytes)
        {
            return Errno.ENAMETOOLONG;
        }
        if (name.IsEmpty)
        {
            return Errno.ENOENT;
        }
        return name.Span.ContainsAny((byte)0, (byte)'/') ? Errno.EINVAL : 0;
    }

    /// <summary>The same for a name to be made or removed, for which the dots have an errno of their own.</summary>
    public static int Check(NativeSlice name, int errnoOfDots)
    {
        int errno = Check(name);
        return errno == 0 && IsDots(name.Span) ? errnoOfDots : errno;
    }
}
