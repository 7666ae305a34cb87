namespace Txlfs.Journal.Device;

/// <summary>
/// A span of native memory that can be held across an await. It owns nothing: whoever allocated the memory
/// keeps it valid until the operation that was given the slice has completed.
/// </summary>
public readonly unsafe struct NativeSlice(byte* pointer, int lengthBytes)
{
    public byte* Pointer { get; } = pointer;
    public int LengthBytes { get; } = lengthBytes;

    public bool IsEmpty => LengthBytes == 0;
    public Span<byte> Span => new(Pointer, LengthBytes);

    /// <summary>The part that begins at <paramref name="startBytes"/>; bounds are checked.</summary>
    public NativeSlice Slice(int startBytes, int lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)startBytes, (uint)LengthBytes, nameof(startBytes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)lengthBytes, (uint)(LengthBytes - startBytes), nameof(lengthBytes));
        return new NativeSlice(Pointer + startBytes, lengthBytes);
    }

    public NativeSlice Slice(int startBytes) => Slice(startBytes, LengthBytes - startBytes);
}
