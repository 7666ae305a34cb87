using System.Net.Sockets;

namespace Txlfs.Fsd.Control;

/// <summary>Lines out of a socket, none longer than the buffer.</summary>
internal sealed class LineReader(Socket socket, int maxLineBytes)
{
    private readonly byte[] _buffer = new byte[maxLineBytes + 1];
    private int _start, _end;

    public bool HasUnread => _end > _start;

    /// <summary>Null at the end of the stream. A line that is too long is an <see cref="InvalidDataException"/>.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadLineAsync(CancellationToken token)
    {
        while (true)
        {
            int length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (length >= 0)
            {
                ReadOnlyMemory<byte> line = _buffer.AsMemory(_start, length);
                _start += length + 1;
                return line;
            }
            if (_end - _start > maxLineBytes)
            {
                throw new InvalidDataException($"a line of more than {maxLineBytes} bytes");
            }
            if (!await FillAsync(token).ConfigureAwait(false))
            {
                return null;
            }
        }
    }

    /// <summary>Takes in what comes next; false at the end of the stream. The last line that was given out is gone after it.</summary>
    public async ValueTask<bool> FillAsync(CancellationToken token)
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        int got = await socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None, token).ConfigureAwait(false);
        _end += got;
        return got > 0;
    }

}
