namespace Txlfs.Fsd.Fuse.Abi;

/// <summary>FATTR_*: which fields of <see cref="FuseSetAttrIn"/> are to be set.</summary>
[Flags]
public enum FuseSetAttrValid : uint
{
    Mode = 1 << 0,
    Uid = 1 << 1,
    Gid = 1 << 2,
    Size = 1 << 3,
    ATime = 1 << 4,
    MTime = 1 << 5,
    Fh = 1 << 6,
    ATimeNow = 1 << 7,
    MTimeNow = 1 << 8,
    LockOwner = 1 << 9,
    CTime = 1 << 10,
    KillSuidGid = 1 << 11,
}

/// <summary>FOPEN_*: flags of <see cref="FuseOpenOut"/>.</summary>
[Flags]
public enum FuseOpenFlags : uint
{
    None = 0,
    DirectIo = 1 << 0,
    KeepCache = 1 << 1,
    NonSeekable = 1 << 2,
    CacheDir = 1 << 3,
    Stream = 1 << 4,
    NoFlush = 1 << 5,
    ParallelDirectWrites = 1 << 6,
    Passthrough = 1 << 7,
}

/// <summary>FUSE_OPEN_*: flags the kernel adds to OPEN and CREATE.</summary>
[Flags]
public enum FuseOpenInFlags : uint
{
    KillSuidGid = 1 << 0,
}

[Flags]
public enum FuseReleaseFlags : uint
{
    Flush = 1 << 0,
    FlockUnlock = 1 << 1,
}

[Flags]
public enum FuseGetAttrFlags : uint
{
    Fh = 1 << 0,
}

[Flags]
public enum FuseLockFlags : uint
{
    Flock = 1 << 0,
}

[Flags]
public enum FuseWriteFlags : uint
{
    /// <summary>Written back from the page cache; the file handle is a guess.</summary>
    Cache = 1 << 0,
    LockOwner = 1 << 1,
    KillSuidGid = 1 << 2,
}

[Flags]
public enum FuseReadFlags : uint
{
    LockOwner = 1 << 1,
}

[Flags]
public enum FuseIoctlFlags : uint
{
    Compat = 1 << 0,
    Unrestricted = 1 << 1,
    Retry = 1 << 2,
    Is32Bit = 1 << 3,
    Dir = 1 << 4,
    CompatX32 = 1 << 5,
}

[Flags]
public enum FuseFSyncFlags : uint
{
    DataOnly = 1 << 0,
}

[Flags]
public enum FuseAttrFlags : uint
{
    SubMount = 1 << 0,
    Dax = 1 << 1,
}

[Flags]
public enum FuseSetXAttrFlags : uint
{
    AclKillSgid = 1 << 0,
}

/// <summary>Codes of unsolicited messages from the server; they travel in the error field of <see cref="FuseOutHeader"/> with unique 0.</summary>
public enum FuseNotifyCode
{
    Poll = 1,
    InvalInode = 2,
    InvalEntry = 3,
    Store = 4,
    Retrieve = 5,
    Delete = 6,
    Resend = 7,
    IncEpoch = 8,
    Prune = 9,
}

[Flags]
public enum FuseInvalEntryFlags : uint
{
    None = 0,
    ExpireOnly = 1 << 0,
}
