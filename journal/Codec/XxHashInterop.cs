using System.Runtime.InteropServices;

namespace Txlfs.Journal.Codec;

/// <summary>libxxhash: XXH3 with 64 bits, seed 0, default secret.</summary>
internal static unsafe partial class XxHashInterop
{
    private const string FileName = "libxxhash.so.0";

    public static readonly NativeCodecLibrary Library = new(FileName, "XXH3_64bits", "libxxhash0");

    [LibraryImport(FileName)]
    private static partial ulong XXH3_64bits(byte* data, nuint lengthBytes);

    public static ulong Hash(ReadOnlySpan<byte> data)
    {
        fixed (byte* pointer = data)
            return XXH3_64bits(pointer, (nuint)data.Length);
    }
}
