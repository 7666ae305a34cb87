using System.Runtime.InteropServices;

namespace Txlfs.Journal.Device.Files;

/// <summary>An open, locked descriptor of an image or block device, and what is known of it.</summary>
internal sealed unsafe class DeviceFile : IDisposable
{
    private const int FileAlignmentBytes = 4096;
    private const int LockAttempts = 20;
    private const int LockPauseMs = 50;
    private const uint ImageMode = 0x180; // rw-------

    private int _descriptor;

    private DeviceFile(string path, int descriptor, bool isBlockDevice)
    {
        Path = path;
        _descriptor = descriptor;
        IsBlockDevice = isBlockDevice;
    }

    ~DeviceFile() => Release();

    public string Path { get; }
    public int Descriptor => _descriptor;
    public bool IsBlockDevice { get; }
    public bool IsDirect { get; private set; }
    public long LengthBytes { get; private set; }
    public int AlignmentBytes { get; private set; } = FileAlignmentBytes;

    public static DeviceFile Open(string path, bool isReadOnly, bool tryDirect, bool isLocked = true)
    {
        Check(path, "cannot be opened", FileInterop.Status(path, out FileInterop.FileStatus status));
        if (!status.IsRegularFile && !status.IsBlockDevice)
            throw new DeviceException($"{path} is neither a block device nor a regular file", Errno.EINVAL);

        int flags = isReadOnly ? FileInterop.OpenReadOnly : FileInterop.OpenReadWrite;
        // Without O_CREAT, and on a block device only, O_EXCL refuses what is mounted or otherwise claimed.
        if (status.IsBlockDevice && !isReadOnly)
            flags |= FileInterop.OpenExclusive;
        int descriptor = FileInterop.Open(path, flags);
        if (descriptor == -Errno.EBUSY)
            throw new DeviceException($"{path} is mounted or otherwise in use", Errno.EBUSY);
        Check(path, "cannot be opened", descriptor);

        var file = new DeviceFile(path, descriptor, status.IsBlockDevice);
        try
        {
            if (isLocked)
                file.Lock(isReadOnly);
            file.Measure();
            file.IsDirect = tryDirect && file.TrySetDirect();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Makes a sparse image of the given length, or gives an existing, unused one that length.</summary>
    public static void CreateImage(string path, long lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lengthBytes);
        if (FileInterop.Status(path, out FileInterop.FileStatus status) == 0 && !status.IsRegularFile)
            throw new DeviceException($"{path} is not a regular file, so its length cannot be set", Errno.EINVAL);
        int descriptor = FileInterop.Open(path, FileInterop.OpenReadWrite | FileInterop.OpenCreate, ImageMode);
        Check(path, "cannot be created", descriptor);
        using var file = new DeviceFile(path, descriptor, isBlockDevice: false);
        file.Lock(isReadOnly: false);
        Check(path, $"cannot be given a length of {lengthBytes} bytes", FileInterop.SetLength(descriptor, lengthBytes));
    }

    /// <summary>Gives an image that is shorter this length, and takes in how long the device is now. Never shortens anything.</summary>
    public void GrowTo(long lengthBytes)
    {
        if (!IsBlockDevice && lengthBytes > LengthBytes)
            Check(Path, $"cannot be given a length of {lengthBytes} bytes", FileInterop.SetLength(_descriptor, lengthBytes));
        Measure();
    }

    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    private void Release()
    {
        if (_descriptor < 0)
            return;
        // Explicitly: an operation that the kernel has not quite let go of may keep the file, and with it the lock, for a moment longer.
        _ = FileInterop.Lock(_descriptor, FileInterop.LockRelease);
        FileInterop.Close(_descriptor);
        _descriptor = -1;
    }

    private void Lock(bool isReadOnly)
    {
        int operation = (isReadOnly ? FileInterop.LockShared : FileInterop.LockExclusive) | FileInterop.LockNonBlocking;
        for (int attempt = 1; ; attempt++)
        {
            int result = FileInterop.Lock(_descriptor, operation);
            if (result == 0)
                return;
            if (result is not (-Errno.EAGAIN or -Errno.EINTR))
                Check(Path, "cannot be locked", result);
            // udev holds a shared lock for a moment while it looks at a block device that has just been closed.
            if (!IsBlockDevice || attempt == LockAttempts)
                throw new DeviceException($"{Path} is in use: the volume is mounted, or another program works on it", Errno.EBUSY);
#pragma warning disable RS0030 // Opening is synchronous and outside every pipeline; there is no clock seam below it.
            Thread.Sleep(LockPauseMs);
#pragma warning restore RS0030
        }
    }

    private void Measure()
    {
        if (!IsBlockDevice)
        {
            Check(Path, "cannot be examined", FileInterop.Status(_descriptor, out FileInterop.FileStatus status));
            LengthBytes = status.LengthBytes / FileAlignmentBytes * FileAlignmentBytes;
            return;
        }
        long lengthBytes;
        int blockBytes;
        Check(Path, "does not tell its length", FileInterop.DeviceControl(_descriptor, FileInterop.BlockDeviceLength64, &lengthBytes));
        Check(Path, "does not tell its block size", FileInterop.DeviceControl(_descriptor, FileInterop.BlockDeviceLogicalBlock, &blockBytes));
        if (blockBytes > FileAlignmentBytes)
            throw new DeviceException($"{Path} has blocks of {blockBytes} bytes; more than {FileAlignmentBytes} is not supported", Errno.EINVAL);
        AlignmentBytes = blockBytes == 512 ? 512 : FileAlignmentBytes;
        LengthBytes = lengthBytes / FileAlignmentBytes * FileAlignmentBytes;
    }

    /// <summary>Sets O_DIRECT and proves by a read that this filesystem means it, with our alignment.</summary>
    private bool TrySetDirect()
    {
        int flags = FileInterop.Control(_descriptor, FileInterop.GetFlags, 0);
        Check(Path, "does not tell its flags", flags);
        if (FileInterop.Control(_descriptor, FileInterop.SetFlags, flags | FileInterop.OpenDirect) != 0)
            return false;
        using var probe = new AlignedBuffer(FileAlignmentBytes);
        if (FileInterop.Read(_descriptor, probe.Slice.Pointer, AlignmentBytes, 0) >= 0)
            return true;
        Check(Path, "cannot be set back to buffered input and output", FileInterop.Control(_descriptor, FileInterop.SetFlags, flags));
        return false;
    }

    private static void Check(string path, string problem, int result)
    {
        if (result < 0)
            throw new DeviceException($"{path} {problem}: {Marshal.GetPInvokeErrorMessage(-result)}", -result);
    }
}
