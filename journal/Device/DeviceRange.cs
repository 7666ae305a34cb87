namespace Txlfs.Journal.Device;

/// <summary>The checks that every device makes before it touches anything: a wild address from a damaged structure must not reach the medium.</summary>
internal static unsafe class DeviceRange
{
    /// <summary>0, or -EINVAL for a range that is empty, misaligned or outside of the device, or memory that is misaligned.</summary>
    public static int Check(IBlockDevice device, long offsetBytes, NativeSlice memory)
    {
        bool isMemoryAligned = ((nuint)memory.Pointer & (nuint)(device.AlignmentBytes - 1)) == 0;
        return isMemoryAligned ? Check(device, offsetBytes, memory.LengthBytes) : -Errno.EINVAL;
    }

    public static int Check(IBlockDevice device, long offsetBytes, long lengthBytes)
    {
        bool isInside = offsetBytes >= 0 && lengthBytes > 0 && offsetBytes <= device.LengthBytes - lengthBytes;
        bool isAligned = ((offsetBytes | lengthBytes) & (device.AlignmentBytes - 1)) == 0;
        return isInside && isAligned ? 0 : -Errno.EINVAL;
    }
}
