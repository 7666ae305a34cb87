using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Fsd.Fuse.Interop;
using Xunit;

namespace Txlfs.Tests.Unit.Fuse;

/// <summary>The structures are shared with the kernel: sizes and offsets as a C compiler lays out include/uapi/linux/fuse.h.</summary>
public sealed class AbiLayoutTests
{
    [Fact]
    public void Structures_up_to_7_38_lie_as_in_the_header()
    {
        Pin<FuseInHeader>(40, ("LengthBytes", 0), ("Opcode", 4), ("Unique", 8), ("NodeId", 16), ("Uid", 24), ("Gid", 28), ("Pid", 32), ("ExtensionUnits", 36), ("Padding", 38));
        Pin<FuseOutHeader>(16, ("LengthBytes", 0), ("Error", 4), ("Unique", 8));
        Pin<FuseInitIn>(64, ("Major", 0), ("Minor", 4), ("MaxReadAheadBytes", 8), ("Flags", 12), ("Flags2", 16), ("Unused", 20));
        Pin<FuseInitOut>(64, ("Major", 0), ("Minor", 4), ("MaxReadAheadBytes", 8), ("Flags", 12), ("MaxBackground", 16), ("CongestionThreshold", 18), ("MaxWriteBytes", 20), ("TimeGranularityNs", 24), ("MaxPages", 28), ("MapAlignment", 30), ("Flags2", 32));
        Pin<FuseAttr>(88, ("Ino", 0), ("SizeBytes", 8), ("Blocks", 16), ("ATimeS", 24), ("MTimeS", 32), ("CTimeS", 40), ("ATimeNs", 48), ("MTimeNs", 52), ("CTimeNs", 56), ("Mode", 60), ("NLink", 64), ("Uid", 68), ("Gid", 72), ("RDev", 76), ("BlockSizeBytes", 80), ("Flags", 84));
        Pin<FuseAttrOut>(104, ("AttrValidS", 0), ("AttrValidNs", 8), ("Attr", 16));
        Pin<FuseEntryOut>(128, ("NodeId", 0), ("Generation", 8), ("EntryValidS", 16), ("AttrValidS", 24), ("EntryValidNs", 32), ("AttrValidNs", 36), ("Attr", 40));
        Pin<FuseStatFsOut>(80, ("Blocks", 0), ("BlocksFree", 8), ("BlocksAvailable", 16), ("Files", 24), ("FilesFree", 32), ("BlockSizeBytes", 40), ("NameMaxBytes", 44), ("FragmentSizeBytes", 48), ("Spare", 56));
        Pin<FuseForgetIn>(8, ("LookupCount", 0));
        Pin<FuseForgetOne>(16, ("NodeId", 0), ("LookupCount", 8));
        Pin<FuseBatchForgetIn>(8, ("Count", 0));
        Pin<FuseGetAttrIn>(16, ("Flags", 0), ("Fh", 8));
        Pin<FuseSetAttrIn>(88, ("Valid", 0), ("Fh", 8), ("SizeBytes", 16), ("LockOwner", 24), ("ATimeS", 32), ("MTimeS", 40), ("CTimeS", 48), ("ATimeNs", 56), ("MTimeNs", 60), ("CTimeNs", 64), ("Mode", 68), ("Uid", 76), ("Gid", 80));
        Pin<FuseMkNodIn>(16, ("Mode", 0), ("RDev", 4), ("Umask", 8));
        Pin<FuseMkDirIn>(8, ("Mode", 0), ("Umask", 4));
        Pin<FuseRenameIn>(8, ("NewParent", 0));
        Pin<FuseRename2In>(16, ("NewParent", 0), ("Flags", 8));
        Pin<FuseLinkIn>(8, ("OldNodeId", 0));
        Pin<FuseOpenIn>(8, ("Flags", 0), ("OpenFlags", 4));
        Pin<FuseCreateIn>(16, ("Flags", 0), ("Mode", 4), ("Umask", 8), ("OpenFlags", 12));
        Pin<FuseReadIn>(40, ("Fh", 0), ("OffsetBytes", 8), ("SizeBytes", 16), ("ReadFlags", 20), ("LockOwner", 24), ("Flags", 32));
        Pin<FuseWriteIn>(40, ("Fh", 0), ("OffsetBytes", 8), ("SizeBytes", 16), ("WriteFlags", 20), ("LockOwner", 24), ("Flags", 32));
        Pin<FuseReleaseIn>(24, ("Fh", 0), ("Flags", 8), ("ReleaseFlags", 12), ("LockOwner", 16));
        Pin<FuseFlushIn>(24, ("Fh", 0), ("LockOwner", 16));
        Pin<FuseFSyncIn>(16, ("Fh", 0), ("Flags", 8));
        Pin<FuseSetXAttrIn>(16, ("SizeBytes", 0), ("Flags", 4), ("SetXAttrFlags", 8));
        Pin<FuseGetXAttrIn>(8, ("SizeBytes", 0));
        Pin<FuseFileLock>(24, ("Start", 0), ("End", 8), ("Type", 16), ("Pid", 20));
        Pin<FuseLkIn>(48, ("Fh", 0), ("Owner", 8), ("Lock", 16), ("Flags", 40));
        Pin<FuseAccessIn>(8, ("Mask", 0));
        Pin<FuseInterruptIn>(8, ("Unique", 0));
        Pin<FuseBMapIn>(16, ("Block", 0), ("BlockSizeBytes", 8));
        Pin<FuseIoctlIn>(32, ("Fh", 0), ("Flags", 8), ("Command", 12), ("Argument", 16), ("InSizeBytes", 24), ("OutSizeBytes", 28));
        Pin<FusePollIn>(24, ("Fh", 0), ("Kh", 8), ("Flags", 16), ("Events", 20));
        Pin<FuseFAllocateIn>(32, ("Fh", 0), ("OffsetBytes", 8), ("LengthBytes", 16), ("Mode", 24));
        Pin<FuseLSeekIn>(24, ("Fh", 0), ("OffsetBytes", 8), ("Whence", 16));
        Pin<FuseCopyFileRangeIn>(56, ("FhIn", 0), ("OffsetInBytes", 8), ("NodeIdOut", 16), ("FhOut", 24), ("OffsetOutBytes", 32), ("LengthBytes", 40), ("Flags", 48));
        Pin<FuseSyncFsIn>(8);
        Pin<FuseNotifyRetrieveIn>(40, ("OffsetBytes", 8), ("SizeBytes", 16));
        Pin<FuseExtHeader>(8, ("SizeBytes", 0), ("Type", 4));
        Pin<FuseOpenOut>(16, ("Fh", 0), ("OpenFlags", 8), ("BackingId", 12));
        Pin<FuseWriteOut>(8, ("SizeBytes", 0));
        Pin<FuseGetXAttrOut>(8, ("SizeBytes", 0));
        Pin<FuseLkOut>(24, ("Lock", 0));
        Pin<FuseBMapOut>(8, ("Block", 0));
        Pin<FuseIoctlOut>(16, ("Result", 0), ("Flags", 4), ("InIovecs", 8), ("OutIovecs", 12));
        Pin<FusePollOut>(8, ("ReadyEvents", 0));
        Pin<FuseLSeekOut>(8, ("OffsetBytes", 0));
        Pin<FuseDirent>(24, ("Ino", 0), ("NextCookie", 8), ("NameLengthBytes", 16), ("Type", 20));
        Pin<FuseDirentPlus>(152, ("Entry", 0), ("Dirent", 128));
        Pin<FuseNotifyInvalInodeOut>(24, ("NodeId", 0), ("OffsetBytes", 8), ("LengthBytes", 16));
        Pin<FuseNotifyInvalEntryOut>(16, ("Parent", 0), ("NameLengthBytes", 8), ("Flags", 12));
        Pin<FuseNotifyDeleteOut>(24, ("Parent", 0), ("Child", 8), ("NameLengthBytes", 16));
        Pin<FuseNotifyStoreOut>(24, ("NodeId", 0), ("OffsetBytes", 8), ("SizeBytes", 16));
        Pin<FuseNotifyRetrieveOut>(32, ("NotifyUnique", 0), ("NodeId", 8), ("OffsetBytes", 16), ("SizeBytes", 24));
        Pin<FuseNotifyPollWakeupOut>(8, ("Kh", 0));
    }

    [Fact]
    public void Structures_of_7_39_to_7_45_lie_as_in_the_header()
    {
        Pin<FuseInitOut>(64, ("MaxStackDepth", 36), ("RequestTimeoutS", 40), ("Unused", 42));
        Pin<FuseCreateOut>(144, ("Entry", 0), ("Open", 128));
        Pin<FuseSxTime>(16, ("S", 0), ("Ns", 8), ("Reserved", 12));
        Pin<FuseStatX>(256, ("Mask", 0), ("BlockSizeBytes", 4), ("Attributes", 8), ("NLink", 16), ("Uid", 20), ("Gid", 24), ("Mode", 28), ("Ino", 32), ("SizeBytes", 40), ("Blocks", 48), ("AttributesMask", 56), ("ATime", 64), ("BTime", 80), ("CTime", 96), ("MTime", 112), ("RDevMajor", 128), ("RDevMinor", 132), ("DevMajor", 136), ("DevMinor", 140), ("Spare2", 144));
        Pin<FuseStatXIn>(24, ("GetAttrFlags", 0), ("Reserved", 4), ("Fh", 8), ("Flags", 16), ("Mask", 20));
        Pin<FuseStatXOut>(288, ("AttrValidS", 0), ("AttrValidNs", 8), ("Flags", 12), ("Stat", 32));
        Pin<FuseCopyFileRangeOut>(8, ("CopiedBytes", 0));
        Pin<FuseNotifyPruneOut>(16, ("Count", 0), ("Spare", 8));
        Pin<FuseUringCommandRequest>(24, ("Flags", 0), ("CommitId", 8), ("QueueId", 16));
        Pin<FuseUringEntryInOut>(32, ("Flags", 0), ("CommitId", 8), ("PayloadBytes", 16), ("Reserved", 24));
        Pin<FuseUringHeader>(288, ("InOut", 0), ("OperationIn", 128), ("Entry", 256));
    }

    [Fact]
    public void The_structures_of_io_uring_lie_as_in_the_header()
    {
        Pin<IoUringParams>(120, ("SqEntries", 0), ("CqEntries", 4), ("Flags", 8), ("Features", 20), ("Sq", 40), ("Cq", 80));
        Pin<IoUringParams.SqOffsets>(40, ("Head", 0), ("Tail", 4), ("RingMask", 8), ("Array", 24), ("UserAddress", 32));
        Pin<IoUringParams.CqOffsets>(40, ("Head", 0), ("Tail", 4), ("RingMask", 8), ("Cqes", 20), ("UserAddress", 32));
        Pin<IoUringSqe>(128, ("Opcode", 0), ("Flags", 1), ("Fd", 4), ("Offset", 8), ("Address", 16), ("Length", 24), ("UserData", 32), ("Command", 48));
        Pin<IoUringCqe>(16, ("UserData", 0), ("Result", 8), ("Flags", 12));
        Pin<IoUringGetEventsArg>(24, ("SigMask", 0), ("SigMaskBytes", 8), ("MinWaitUs", 12), ("Timeout", 16));
        Pin<IoVector>(16, ("Base", 0), ("LengthBytes", 8));
        Pin<MessageHeader>(56, ("Name", 0), ("NameBytes", 8), ("Vectors", 16), ("VectorCount", 24), ("Control", 32), ("ControlBytes", 40), ("Flags", 48));
    }

    private static void Pin<T>(int sizeBytes, params (string Field, int OffsetBytes)[] fields) where T : unmanaged
    {
        Assert.True(Unsafe.SizeOf<T>() == sizeBytes, $"{typeof(T).Name} is {Unsafe.SizeOf<T>()} bytes, not {sizeBytes}");
        foreach ((string field, int offsetBytes) in fields)
        {
            int actual = (int)Marshal.OffsetOf<T>(field);
            Assert.True(actual == offsetBytes, $"{typeof(T).Name}.{field} is at {actual}, not {offsetBytes}");
        }
    }
}
