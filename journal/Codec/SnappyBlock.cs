using System.Runtime.InteropServices;

namespace Txlfs.Journal.Codec;

/// <summary>
/// Snappy writes without looking at the end of its output, so it must be given its worst case. When the destination
/// is smaller than that, a scratch buffer of this thread takes the output first.
/// </summary>
internal sealed unsafe class SnappyBlock
{
    [ThreadStatic]
    private static SnappyBlock? _ofThisThread;

    private byte* _scratch;
    private nuint _scratchBytes;

    ~SnappyBlock() => NativeMemory.Free(_scratch);

    public static int Compress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        nuint worstBytes = SnappyInterop.snappy_max_compressed_length((nuint)source.Length);
        fixed (byte* from = source)
        fixed (byte* to = destination)
        {
            if ((nuint)destination.Length >= worstBytes)
                return CompressInto(from, source.Length, to, worstBytes);

            SnappyBlock block = _ofThisThread ??= new SnappyBlock();
            byte* scratch = block.Scratch(worstBytes);
            int lengthBytes = CompressInto(from, source.Length, scratch, worstBytes);
            if (lengthBytes > destination.Length)
                return 0;
            new ReadOnlySpan<byte>(scratch, lengthBytes).CopyTo(destination);
            return lengthBytes;
        }
    }

    public static bool Decompress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        fixed (byte* from = source)
        fixed (byte* to = destination)
        {
            nuint lengthBytes;
            if (SnappyInterop.snappy_uncompressed_length(from, (nuint)source.Length, &lengthBytes) != 0 || lengthBytes != (nuint)destination.Length)
                return false;
            return SnappyInterop.snappy_uncompress(from, (nuint)source.Length, to, &lengthBytes) == 0 && lengthBytes == (nuint)destination.Length;
        }
    }

    private static int CompressInto(byte* source, int sourceBytes, byte* destination, nuint destinationBytes) =>
        SnappyInterop.snappy_compress(source, (nuint)sourceBytes, destination, &destinationBytes) == 0 ? (int)destinationBytes : 0;

    private byte* Scratch(nuint neededBytes)
    {
        if (_scratchBytes < neededBytes)
        {
            _scratch = (byte*)NativeMemory.Realloc(_scratch, neededBytes);
            _scratchBytes = neededBytes;
        }
        return _scratch;
    }
}
