namespace Txlfs.Tests.Mounted;

/// <summary>The errnos that the mounted tests expect.</summary>
internal static class Errno
{
    public const int Eperm = 1, Enoent = 2, Eacces = 13, Eexist = 17, Enotdir = 20, Eisdir = 21, Einval = 22, Enospc = 28, Erofs = 30;
    public const int Erange = 34, Enametoolong = 36, Enotempty = 39, Eloop = 40, Enodata = 61, Enxio = 6;
}
