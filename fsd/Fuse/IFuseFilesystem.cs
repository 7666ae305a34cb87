using Txlfs.Journal.Device;

namespace Txlfs.Fsd.Fuse;

/// <summary>
/// What a transport needs of a filesystem. Handle may be called on several threads at once and must not block them: it completes the
/// request now, or keeps it and completes it later on any thread, exactly once.
/// </summary>
public interface IFuseFilesystem
{
    /// <summary>After INIT: what was negotiated. Before the first request.</summary>
    void Start(in FuseSession session);

    void Handle(FuseRequest request);

    /// <summary>Lookup counts dropped; never replied to.</summary>
    void Forget(ulong nodeId, ulong count);
}

public readonly record struct FuseSession(uint Major, uint Minor, ulong Flags, int MaxWriteBytes, string Transport);

/// <summary>
/// One request, in memory that the transport owns and that stays valid until <see cref="Complete"/>. Pooled by the transport; no allocation a
/// request. Over io_uring the reply memory IS the payload memory: parse everything before writing the reply.
/// </summary>
public abstract class FuseRequest
{
    private ulong _interruptedUnique;

    public uint Opcode { get; protected set; }
    public ulong Unique { get; protected set; }
    public ulong NodeId { get; protected set; }
    public uint Uid { get; protected set; }
    public uint Gid { get; protected set; }
    public uint Pid { get; protected set; }

    /// <summary>The opcode's fixed argument structure (bounds-checked: empty when the message was too short for it, and then the transport has already failed it with EINVAL).</summary>
    public NativeSlice Arguments { get; protected set; }

    /// <summary>What follows the structure: NUL-terminated names, or WRITE/SETXATTR data.</summary>
    public NativeSlice Payload { get; protected set; }

    /// <summary>
    /// Where the reply's body goes (READ data, READDIR entries, fuse_entry_out ...): page-aligned, at least 8 KiB, for READ at least the size
    /// asked for. It may overlap Arguments and Payload on every transport.
    /// </summary>
    public NativeSlice ReplyMemory { get; protected set; }

    /// <summary>An INTERRUPT has come for this request; may become true at any time while the filesystem holds it.</summary>
    public bool IsInterrupted => Volatile.Read(ref _interruptedUnique) == Unique && Unique != 0;

    /// <summary>Free for the filesystem's use while it holds the request.</summary>
    public object? State { get; set; }

    /// <summary>Replies: errno (0 or positive) and, for 0, how many bytes of ReplyMemory are the body.</summary>
    public abstract void Complete(int errno, int bodyBytes);

    /// <summary>Names the request rather than setting a flag, so that one which has been answered meanwhile cannot pass the mark on to its successor in this object.</summary>
    protected internal void MarkInterrupted(ulong unique) => Volatile.Write(ref _interruptedUnique, unique);
}
