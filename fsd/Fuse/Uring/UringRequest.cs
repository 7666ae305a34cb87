using System.Runtime.CompilerServices;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Fsd.Fuse.Interop;
using Txlfs.Journal;
using Txlfs.Journal.Device;

namespace Txlfs.Fsd.Fuse.Uring;

/// <summary>One entry of a kernel queue: headers and payload are shared with the kernel, and the reply is written over the request.</summary>
internal sealed unsafe class UringRequest : TransportRequest, IDisposable
{
    private readonly UringWorker _worker;
    private readonly NativeBuffer _payload;
    private readonly int _payloadBytes;

    public UringRequest(UringWorker worker, int index, ushort queueId, FuseUringHeader* header, IoVector* vectors, int payloadBytes)
    {
        _worker = worker;
        Index = index;
        QueueId = queueId;
        Header = header;
        Vectors = vectors;
        _payloadBytes = payloadBytes;
        _payload = new NativeBuffer(payloadBytes);
        vectors[0] = new IoVector { Base = header, LengthBytes = (nuint)sizeof(FuseUringHeader) };
        vectors[1] = new IoVector { Base = _payload.Pointer, LengthBytes = (nuint)payloadBytes };
    }

    /// <summary>Its place in the worker, and the user data of its commands.</summary>
    public int Index { get; }
    public ushort QueueId { get; }
    public FuseUringHeader* Header { get; }

    /// <summary>Headers and payload, as REGISTER wants them.</summary>
    public IoVector* Vectors { get; }

    public ulong CommitId => Header->Entry.CommitId;
    public int TouchedBytes { get; private set; }

    /// <summary>The kernel has the entry: nobody here reads or writes its memory.</summary>
    public bool IsWithKernel { get; set; }

    /// <summary>Link of the worker's inbox.</summary>
    public UringRequest? Next { get; set; }

    /// <summary>Checks the request that the kernel has put into the entry. 0, or an errno to answer with.</summary>
    public int Accept(FuseInitFlags negotiated)
    {
        var header = Unsafe.ReadUnaligned<FuseInHeader>(Header);
        int payloadBytes = (int)Math.Min(Header->Entry.PayloadBytes, (uint)_payloadBytes);
        TouchedBytes = Math.Max(TouchedBytes, payloadBytes);
        var arguments = new NativeSlice((byte*)&Header->OperationIn, FuseUringHeader.PartBytes);
        return Accept(header, arguments, _payload.Slice(0, payloadBytes), _payload.Slice(0, _payloadBytes), negotiated);
    }

    public void ForgetTouched(int keepBytes)
    {
        _payload.Trim(keepBytes);
        TouchedBytes = 0;
    }

    public void Dispose() => _payload.Dispose();

    protected override void Reply(int errno, int bodyBytes)
    {
        *(FuseOutHeader*)Header = new FuseOutHeader { LengthBytes = (uint)(sizeof(FuseOutHeader) + bodyBytes), Error = -errno, Unique = Unique };
        Header->Entry.PayloadBytes = (uint)bodyBytes;
        TouchedBytes = Math.Max(TouchedBytes, bodyBytes);
        _worker.Answer(this);
    }

    /// <summary>An entry must always be committed, or it is lost; the kernel drops the answer to what has none.</summary>
    protected override void Discard() => Reply(0, 0);
}
