using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;

namespace Txlfs.Journal.Frames;

/// <summary>
/// Room for one data extent in a frame that is being filled. The holder copies the stored bytes into <see cref="Memory"/>
/// and then completes the reservation exactly once; the frame is not written before.
/// </summary>
public readonly struct DataReservation(long addressBytes, NativeSlice memory, object owner, int slot)
{
    /// <summary>Device address of the first byte; final as soon as the reservation is made.</summary>
    public long AddressBytes { get; } = addressBytes;
    public NativeSlice Memory { get; } = memory;
    internal object Owner { get; } = owner;
    internal int Slot { get; } = slot;
}

/// <summary>What a frame's extent table says of one data extent: enough to verify it and to ask the index whether it still lives.</summary>
public readonly record struct ExtentTag(ulong Inode, long FileOffsetBytes, int RawLengthBytes, CodecKind Codec);
