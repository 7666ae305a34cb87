namespace Txlfs.Lfs;

/// <summary>Which attributes a change names.</summary>
[Flags]
public enum AttributeFields : uint
{
    None = 0, Mode = 1, Uid = 2, Gid = 4, Size = 8, Atime = 16, Mtime = 32, Ctime = 64, AtimeNow = 128, MtimeNow = 256,

    /// <summary>Clear setuid, and setgid when group-executable (FUSE kill-suidgid).</summary>
    KillPrivileges = 512,
}

public record struct AttributeChange
{
    public AttributeFields Fields;
    public uint Mode, Uid, Gid;
    public long SizeBytes;
    public Timestamp Atime, Mtime, Ctime;
}
