using System.Runtime.InteropServices;
using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Journal.Device;

namespace Txlfs.Tests.Fuzz.Requests;

/// <summary>
/// A request as either transport would have made it of the same bytes: arguments and payload behind each other as from /dev/fuse, or apart as from io_uring,
/// and the reply's memory over the request's. Around all of it are bytes that nobody may change.
/// </summary>
internal sealed unsafe class FuzzRequest : TransportRequest, IDisposable
{
    public const int MaxBodyBytes = 64 << 10;
    private const int GuardBytes = 4096;
    private const byte Guard = 0xA5;
    private const int UringArgumentBytes = 128;

    private readonly byte* _memory = (byte*)NativeMemory.AlignedAlloc(MaxBodyBytes + (2 * GuardBytes) + UringArgumentBytes, 4096);

    /// <summary>How often it was answered; for requests without a reply, how often its memory was given back.</summary>
    public int Answers { get; private set; }
    public int Errno { get; private set; }
    public string Story { get; private set; } = "";

    /// <param name="payloadBytes">What an io_uring header claims, which may be more than there is.</param>
    public int Fill(in FuseInHeader header, ReadOnlySpan<byte> arguments, ReadOnlySpan<byte> payload, bool isUring, uint payloadBytes, FuseInitFlags negotiated, string story)
    {
        (Answers, Errno, Story) = (0, 0, story);
        new Span<byte>(_memory, MaxBodyBytes + (2 * GuardBytes) + UringArgumentBytes).Fill(Guard);
        byte* body = _memory + GuardBytes;
        var reply = new NativeSlice(body, MaxBodyBytes);
        if (isUring)
        {
            byte* fixedPart = body + MaxBodyBytes + GuardBytes;
            arguments[..Math.Min(arguments.Length, UringArgumentBytes)].CopyTo(new Span<byte>(fixedPart, UringArgumentBytes));
            payload.CopyTo(new Span<byte>(body, MaxBodyBytes));
            return Accept(header, new NativeSlice(fixedPart, UringArgumentBytes), new NativeSlice(body, (int)Math.Min(payloadBytes, MaxBodyBytes)), reply, negotiated);
        }
        arguments.CopyTo(new Span<byte>(body, MaxBodyBytes));
        payload.CopyTo(new Span<byte>(body + arguments.Length, MaxBodyBytes - arguments.Length));
        return Accept(header, new NativeSlice(body, arguments.Length + payload.Length), null, reply, negotiated);
    }

    /// <summary>What is wrong with the way it was handled, or null. Only once it was answered.</summary>
    public string? Complaint(bool hasReply)
    {
        if (Answers != 1 && hasReply)
        {
            return $"{Story}: answered {Answers} times";
        }
        if (State is not null)
        {
            return $"{Story}: its state was not given back";
        }
        bool isGuarded = !new ReadOnlySpan<byte>(_memory, GuardBytes).ContainsAnyExcept(Guard) && !new ReadOnlySpan<byte>(_memory + GuardBytes + MaxBodyBytes, GuardBytes).ContainsAnyExcept(Guard);
        return isGuarded ? null : $"{Story}: memory outside of the request was changed";
    }

    protected override void Reply(int errno, int bodyBytes)
    {
        Answers++;
        Errno = errno;
    }

    protected override void Discard() => Answers++;

    public void Dispose() => NativeMemory.AlignedFree(_memory);
}
