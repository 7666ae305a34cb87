using System.Runtime.InteropServices;
using System.Text;
using Txlfs.Journal.Device;

namespace Txlfs.Tests.Model;

/// <summary>Native memory for one call of the volume, which takes names and data as native slices.</summary>
public sealed unsafe class NativeBuffer : IDisposable
{
    private byte* _pointer;
    private readonly int _lengthBytes;

    public NativeBuffer(int lengthBytes)
    {
        _lengthBytes = lengthBytes;
        _pointer = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(lengthBytes, 1), 4096);
    }

    public NativeBuffer(ReadOnlySpan<byte> content) : this(content.Length) => content.CopyTo(Slice.Span);

    public NativeBuffer(string text) : this(Encoding.UTF8.GetBytes(text))
    {
    }

    public NativeSlice Slice => new(_pointer, _lengthBytes);

    public void Dispose()
    {
        NativeMemory.AlignedFree(_pointer);
        _pointer = null;
    }
}
