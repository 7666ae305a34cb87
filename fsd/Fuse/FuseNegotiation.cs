using Txlfs.Fsd.Fuse.Abi;

namespace Txlfs.Fsd.Fuse;

/// <summary>Answers INIT: the highest protocol both sides know, and of the wanted features those the kernel offers.</summary>
public static class FuseNegotiation
{
    public const uint Major = 7;
    public const uint NewestMinor = 45;

    /// <summary>Linux 5.4 and later; older kernels lack what the structures assume.</summary>
    public const uint OldestMinor = 31;

    public const FuseInitFlags Default =
        FuseInitFlags.AsyncRead | FuseInitFlags.BigWrites | FuseInitFlags.WritebackCache | FuseInitFlags.ParallelDirOps |
        FuseInitFlags.HandleKillPrivV2 | FuseInitFlags.AsyncDio | FuseInitFlags.DoReadDirPlus | FuseInitFlags.ReadDirPlusAuto |
        FuseInitFlags.MaxPages | FuseInitFlags.CacheSymlinks | FuseInitFlags.ExportSupport | FuseInitFlags.SetXAttrExt |
        FuseInitFlags.InitExt | FuseInitFlags.HasExpireOnly | FuseInitFlags.DirectIoAllowMmap;
}
