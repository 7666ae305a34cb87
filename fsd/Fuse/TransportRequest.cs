using System.Runtime.CompilerServices;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Journal;
using Txlfs.Journal.Device;

namespace Txlfs.Fsd.Fuse;

/// <summary>What the requests of both transports share: the checks a message must pass, and that it is answered exactly once.</summary>
internal abstract unsafe class TransportRequest : FuseRequest
{
    private int _answered = 1;

    /// <summary>0, or the errno with which the transport must answer instead of passing the request on.</summary>
    /// <param name="header">Of the message; already checked to be whole.</param>
    /// <param name="body">Of /dev/fuse: all that follows the header. Of io_uring: only the fixed structure's area.</param>
    /// <param name="separatePayload">Of io_uring: the payload. Null when it follows the structure in <paramref name="body"/>.</param>
    protected int Accept(in FuseInHeader header, NativeSlice body, NativeSlice? separatePayload, NativeSlice reply, FuseInitFlags negotiated)
    {
        Opcode = (uint)header.Opcode;
        NodeId = header.NodeId;
        Uid = header.Uid;
        Gid = header.Gid;
        Pid = header.Pid;
        ReplyMemory = reply;
        Arguments = default;
        Payload = default;
        State = null;
        Unique = header.Unique;
        Volatile.Write(ref _answered, 0);

        int argumentBytes = ArgumentTable.LengthBytes(Opcode, negotiated);
        if (argumentBytes > body.LengthBytes)
            return Errno.EINVAL;
        Arguments = body.Slice(0, argumentBytes);
        Payload = separatePayload ?? body.Slice(argumentBytes);
        return SizesFit() ? 0 : Errno.EINVAL;
    }

    public sealed override void Complete(int errno, int bodyBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(errno);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bodyBytes, (uint)ReplyMemory.LengthBytes, nameof(bodyBytes));
        if (!TryClaimAnswer())
            throw new InvalidOperationException($"Request {Unique} ({(FuseOpcode)Opcode}) was completed twice.");
        Reply(errno, errno == 0 ? bodyBytes : 0);
    }

    /// <summary>For messages that have no reply (FORGET, INTERRUPT): only gives the memory back.</summary>
    public void CompleteSilently()
    {
        if (TryClaimAnswer())
            Discard();
    }

    /// <summary>The filesystem failed unexpectedly: answers EIO if it has not answered itself.</summary>
    public void CompleteAfterFault()
    {
        if (TryClaimAnswer())
            Reply(Errno.EIO, 0);
    }

    /// <summary>Marks the request if it is the one named and has not been answered.</summary>
    public bool TryInterrupt(ulong unique)
    {
        if (Volatile.Read(ref _answered) != 0 || Unique != unique)
            return false;
        MarkInterrupted(unique);
        return true;
    }

    protected abstract void Reply(int errno, int bodyBytes);

    protected abstract void Discard();

    private bool TryClaimAnswer() => Interlocked.Exchange(ref _answered, 1) == 0;

    /// <summary>Sizes that a handler would otherwise use as an index into the payload or the reply.</summary>
    private bool SizesFit() => (FuseOpcode)Opcode switch
    {
        FuseOpcode.Read or FuseOpcode.ReadDir or FuseOpcode.ReadDirPlus => Argument<FuseReadIn>().SizeBytes <= (uint)ReplyMemory.LengthBytes,
        FuseOpcode.Write => Argument<FuseWriteIn>().SizeBytes <= (uint)Payload.LengthBytes,
        FuseOpcode.GetXAttr or FuseOpcode.ListXAttr => Argument<FuseGetXAttrIn>().SizeBytes <= (uint)ReplyMemory.LengthBytes,
        FuseOpcode.SetXAttr => Unsafe.ReadUnaligned<uint>(Arguments.Pointer) <= (uint)Payload.LengthBytes,
        FuseOpcode.BatchForget => Argument<FuseBatchForgetIn>().Count <= (uint)Payload.LengthBytes / (uint)sizeof(FuseForgetOne),
        _ => true,
    };

    private T Argument<T>() where T : unmanaged => Unsafe.ReadUnaligned<T>(Arguments.Pointer);
}
