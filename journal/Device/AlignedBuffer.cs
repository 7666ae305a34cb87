using System.Runtime.InteropServices;

namespace Txlfs.Journal.Device;

/// <summary>Native memory that every device accepts. Zeroed at first. Not valid after <see cref="Dispose"/>, nor for operations still in flight then.</summary>
public sealed unsafe class AlignedBuffer : IDisposable
{
    private const int AlignmentBytes = 4096;

    private byte* _memory;

    public AlignedBuffer(int lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lengthBytes);
        _memory = (byte*)NativeMemory.AlignedAlloc((nuint)lengthBytes, AlignmentBytes);
        LengthBytes = lengthBytes;
        Span.Clear();
    }

    ~AlignedBuffer() => NativeMemory.AlignedFree(_memory);

    public int LengthBytes { get; }
    public NativeSlice Slice => new(_memory, LengthBytes);
    public Span<byte> Span => new(_memory, LengthBytes);

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
        GC.SuppressFinalize(this);
    }
}
