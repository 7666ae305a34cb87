using System.Runtime.CompilerServices;

namespace Txlfs.Fsd.Fuse.Abi;

/// <summary>How long the fixed argument structure of each opcode is. What follows it in the message is the payload.</summary>
public static class ArgumentTable
{
    private const int OpcodeCount = (int)FuseOpcode.CopyFileRange64 + 1;
    private static readonly byte[] LengthsBytes = Build(setXAttrExt: true);
    private static readonly byte[] CompatLengthsBytes = Build(setXAttrExt: false);

    /// <summary>0 for opcodes without a structure and for unknown ones.</summary>
    public static int LengthBytes(uint opcode, FuseInitFlags negotiated)
    {
        byte[] table = (negotiated & FuseInitFlags.SetXAttrExt) != 0 ? LengthsBytes : CompatLengthsBytes;
        return opcode < (uint)table.Length ? table[opcode] : 0;
    }

    public static bool IsKnown(uint opcode) => opcode is > 0 and < OpcodeCount && opcode is not (7 or 19);

    private static byte[] Build(bool setXAttrExt)
    {
        byte[] table = new byte[OpcodeCount];
        Set<FuseForgetIn>(FuseOpcode.Forget);
        Set<FuseGetAttrIn>(FuseOpcode.GetAttr);
        Set<FuseSetAttrIn>(FuseOpcode.SetAttr);
        Set<FuseMkNodIn>(FuseOpcode.MkNod);
        Set<FuseMkDirIn>(FuseOpcode.MkDir);
        Set<FuseRenameIn>(FuseOpcode.Rename);
        Set<FuseLinkIn>(FuseOpcode.Link);
        Set<FuseOpenIn>(FuseOpcode.Open);
        Set<FuseReadIn>(FuseOpcode.Read);
        Set<FuseWriteIn>(FuseOpcode.Write);
        Set<FuseReleaseIn>(FuseOpcode.Release);
        Set<FuseFSyncIn>(FuseOpcode.FSync);
        table[(int)FuseOpcode.SetXAttr] = (byte)(setXAttrExt ? Unsafe.SizeOf<FuseSetXAttrIn>() : FuseSetXAttrIn.CompatSizeBytes);
        Set<FuseGetXAttrIn>(FuseOpcode.GetXAttr);
        Set<FuseGetXAttrIn>(FuseOpcode.ListXAttr);
        Set<FuseFlushIn>(FuseOpcode.Flush);
        Set<FuseOpenIn>(FuseOpcode.OpenDir);
        Set<FuseReadIn>(FuseOpcode.ReadDir);
        Set<FuseReleaseIn>(FuseOpcode.ReleaseDir);
        Set<FuseFSyncIn>(FuseOpcode.FSyncDir);
        Set<FuseLkIn>(FuseOpcode.GetLk);
        Set<FuseLkIn>(FuseOpcode.SetLk);
        Set<FuseLkIn>(FuseOpcode.SetLkW);
        Set<FuseAccessIn>(FuseOpcode.Access);
        Set<FuseCreateIn>(FuseOpcode.Create);
        Set<FuseInterruptIn>(FuseOpcode.Interrupt);
        Set<FuseBMapIn>(FuseOpcode.BMap);
        Set<FuseIoctlIn>(FuseOpcode.IoCtl);
        Set<FusePollIn>(FuseOpcode.Poll);
        Set<FuseNotifyRetrieveIn>(FuseOpcode.NotifyReply);
        Set<FuseBatchForgetIn>(FuseOpcode.BatchForget);
        Set<FuseFAllocateIn>(FuseOpcode.FAllocate);
        Set<FuseReadIn>(FuseOpcode.ReadDirPlus);
        Set<FuseRename2In>(FuseOpcode.Rename2);
        Set<FuseLSeekIn>(FuseOpcode.LSeek);
        Set<FuseCopyFileRangeIn>(FuseOpcode.CopyFileRange);
        Set<FuseSyncFsIn>(FuseOpcode.SyncFs);
        Set<FuseCreateIn>(FuseOpcode.TmpFile);
        Set<FuseStatXIn>(FuseOpcode.StatX);
        Set<FuseCopyFileRangeIn>(FuseOpcode.CopyFileRange64);
        return table;

        void Set<T>(FuseOpcode opcode) where T : unmanaged => table[(int)opcode] = (byte)Unsafe.SizeOf<T>();
    }
}
