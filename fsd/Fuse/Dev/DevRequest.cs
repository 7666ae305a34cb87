using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Fsd.Fuse.Interop;
using Txlfs.Journal;
using Txlfs.Journal.Device;

namespace Txlfs.Fsd.Fuse.Dev;

/// <summary>
/// A message of /dev/fuse and its buffer. The message begins 80 bytes before a page boundary, so that a WRITE's data is page-aligned; the reply's
/// body begins at that boundary and its header directly before it, so that one write answers.
/// </summary>
internal sealed unsafe class DevRequest : TransportRequest, IDisposable
{
    private const int HandlingState = 0, KeptState = 1, AnsweredState = 2;

    private readonly NativeBuffer _buffer;
    private readonly DevRequestPool _pool;
    private readonly int _pageBytes = Environment.SystemPageSize;
    private readonly int _bodyBytes;
    private int _fd;
    private int _state;

    public DevRequest(DevRequestPool pool, int maxBodyBytes)
    {
        _pool = pool;
        _bodyBytes = maxBodyBytes + _pageBytes;
        _buffer = new NativeBuffer(_pageBytes + _bodyBytes);
    }

    private static int LeadBytes => sizeof(FuseInHeader) + sizeof(FuseWriteIn);

    public byte* MessageStart => _buffer.Pointer + _pageBytes - LeadBytes;
    public int MessageLimitBytes => LeadBytes + _bodyBytes;

    /// <summary>How far into the buffer the last request and its reply reached.</summary>
    public int TouchedBytes { get; private set; }

    /// <summary>Checks a message that was read into <see cref="MessageStart"/>.</summary>
    /// <returns>0, an errno to answer with, or -1 when it is no message at all.</returns>
    public int Accept(int fd, int messageBytes, FuseInitFlags negotiated)
    {
        _fd = fd;
        TouchedBytes = messageBytes;
        _state = HandlingState;
        if (messageBytes < sizeof(FuseInHeader))
            return -1;
        var header = *(FuseInHeader*)MessageStart;
        if (header.LengthBytes != (uint)messageBytes)
            return -1;
        var body = new NativeSlice(MessageStart + sizeof(FuseInHeader), messageBytes - sizeof(FuseInHeader));
        var reply = new NativeSlice(_buffer.Pointer + _pageBytes, _bodyBytes);
        return Accept(header, body, null, reply, negotiated);
    }

    /// <summary>After the handler has returned: true when the request was answered and the worker may use it again at once.</summary>
    public bool IsFreeAfterHandling() => Interlocked.CompareExchange(ref _state, KeptState, HandlingState) == AnsweredState;

    /// <summary>Gives the memory behind the first bytes of the body back to the system.</summary>
    public void ForgetTouched(int keepBytes)
    {
        _buffer.Trim(_pageBytes + keepBytes);
        TouchedBytes = keepBytes;
    }

    public void Dispose() => _buffer.Dispose();

    protected override void Reply(int errno, int bodyBytes)
    {
        byte* start = _buffer.Pointer + _pageBytes - sizeof(FuseOutHeader);
        int lengthBytes = sizeof(FuseOutHeader) + bodyBytes;
        *(FuseOutHeader*)start = new FuseOutHeader { LengthBytes = (uint)lengthBytes, Error = -errno, Unique = Unique };
        TouchedBytes = Math.Max(TouchedBytes, bodyBytes);
        nint written = LibC.WriteReply(_fd, start, (nuint)lengthBytes);
        if (written < 0)
            _pool.ReplyFailed(this, LibC.LastErrno);
        Discard();
    }

    protected override void Discard()
    {
        if (Interlocked.Exchange(ref _state, AnsweredState) == KeptState)
            _pool.Return(this);
    }
}
