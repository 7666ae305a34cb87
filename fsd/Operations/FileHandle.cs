namespace Txlfs.Fsd.Operations;

/// <summary>
/// What OPEN decided about a handle, in the handle itself: the kernel brings it back with every request, so nothing is kept here.
/// </summary>
internal static class FileHandle
{
    /// <summary>Opened with FOPEN_DIRECT_IO.</summary>
    public const ulong BypassesCache = 1;

    /// <summary>Strict access times: every READ that arrives is an access.</summary>
    public const ulong CountsEveryRead = 2;
}
