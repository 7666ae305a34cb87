using System.Runtime.CompilerServices;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Journal;

namespace Txlfs.Fsd.Fuse;

/// <summary>Handles what concerns the transport itself and passes everything else to the filesystem.</summary>
internal sealed unsafe class RequestDispatcher(IFuseFilesystem filesystem, Action<string> warn)
{
    private const int InterruptAttempts = 3;

    private readonly Lock _sourcesLock = new();
    private IInterruptible[] _sources = [];

    /// <summary>A transport whose requests may be named by an INTERRUPT.</summary>
    public void Add(IInterruptible source)
    {
        lock (_sourcesLock)
            _sources = [.. _sources, source];
    }

    /// <param name="errno">What accepting the message gave.</param>
    public void Dispatch(TransportRequest request, int errno)
    {
        uint opcode = request.Opcode;
        bool hasReply = HasReply(opcode);
        try
        {
            if (errno == 0)
                Route(request);
            else if (hasReply)
                request.Complete(errno, 0);
            if (!hasReply)
                request.CompleteSilently();
        }
        catch (Exception fault)
        {
            // The request must be answered or its caller hangs for ever; the fault itself is the filesystem's and is reported.
            warn($"{(FuseOpcode)opcode} failed unexpectedly: {fault}");
            if (hasReply)
                request.CompleteAfterFault();
            else
                request.CompleteSilently();
        }
    }

    private static bool HasReply(uint opcode) =>
        (FuseOpcode)opcode is not (FuseOpcode.Forget or FuseOpcode.BatchForget or FuseOpcode.Interrupt or FuseOpcode.NotifyReply);

    private void Route(TransportRequest request)
    {
        switch ((FuseOpcode)request.Opcode)
        {
            case FuseOpcode.Forget:
                filesystem.Forget(request.NodeId, Unsafe.ReadUnaligned<FuseForgetIn>(request.Arguments.Pointer).LookupCount);
                break;
            case FuseOpcode.BatchForget:
                ForgetAll(request);
                break;
            case FuseOpcode.Interrupt:
                Interrupt(request);
                break;
            case FuseOpcode.NotifyReply:
                // Answers to RETRIEVE, which is never sent.
                break;
            case FuseOpcode.Init:
                request.Complete(Errno.EINVAL, 0);
                break;
            default:
                filesystem.Handle(request);
                break;
        }
    }

    private void ForgetAll(TransportRequest request)
    {
        var items = (FuseForgetOne*)request.Payload.Pointer;
        uint count = Unsafe.ReadUnaligned<FuseBatchForgetIn>(request.Arguments.Pointer).Count;
        for (uint i = 0; i < count; i++)
        {
            FuseForgetOne item = Unsafe.ReadUnaligned<FuseForgetOne>(items + i);
            filesystem.Forget(item.NodeId, item.LookupCount);
        }
    }

    private void Interrupt(TransportRequest request)
    {
        ulong unique = Unsafe.ReadUnaligned<FuseInterruptIn>(request.Arguments.Pointer).Unique;
        for (int attempt = 0; attempt < InterruptAttempts; attempt++)
        {
            foreach (IInterruptible source in Volatile.Read(ref _sources))
            {
                if (source.TryInterrupt(unique))
                    return;
            }

            // Answered already, or another worker has read it and is about to look at it.
            Thread.Yield();
        }

        // The kernel asks again if it still waits for the request (on the descriptor that the request came by).
        request.Complete(Errno.EAGAIN, 0);
    }
}

/// <summary>Holds requests that an INTERRUPT may name.</summary>
internal interface IInterruptible
{
    bool TryInterrupt(ulong unique);
}
