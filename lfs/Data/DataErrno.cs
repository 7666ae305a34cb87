using Txlfs.Journal;

namespace Txlfs.Lfs.Data;

/// <summary>Errno values that the data path's bodies use among themselves; none of them reaches a caller.</summary>
internal static class DataErrno
{
    /// <summary>What the operation was prepared against has changed: prepare anew.</summary>
    public const int Conflict = Errno.EAGAIN;

    /// <summary>A truncation's left-overs lie where the operation would make them visible: finish the trim first.</summary>
    public const int TrimFirst = Errno.EBUSY;

    /// <summary>A record in the index is not sound.</summary>
    public const int Damaged = Errno.EUCLEAN;

    /// <summary>The file is inline and must have extents first.</summary>
    public const int ConvertFirst = Errno.ENOTEMPTY;

    /// <summary>More mutations than one commit holds.</summary>
    public const int TooMuch = Errno.E2BIG;

    /// <summary>The range cannot be shared; copy it.</summary>
    public const int CopyInstead = Errno.EXDEV;

    /// <summary>A write that must not extend the file would.</summary>
    public const int BeyondEnd = Errno.ERANGE;
}
