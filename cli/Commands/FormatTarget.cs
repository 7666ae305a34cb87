using System.Runtime.InteropServices;
using Txlfs.Cli.Signatures;
using Txlfs.Fsd.Host;
using Txlfs.Journal;
using Txlfs.Journal.Device;

namespace Txlfs.Cli.Commands;

/// <summary>What mkfs may write over, and what it must not.</summary>
internal static class FormatTarget
{
    /// <summary>Makes the image file when a size is given and it is not there. True when it was made.</summary>
    public static bool Prepare(string path, long? sizeBytes)
    {
        FileKind kind = FileKinds.Of(path);
        switch (kind)
        {
            case FileKind.Absent when sizeBytes is null:
                throw new CommandException(ExitCodes.NotFound, $"{path} is not there; --size makes an image file of that name");
            case FileKind.Absent:
                Create(path, sizeBytes.Value);
                return true;
            case FileKind.BlockDevice when sizeBytes is not null:
                throw new CommandException(ExitCodes.Usage, $"{path} is a block device: --size is for image files");
            case FileKind.Regular when sizeBytes is { } asked && asked != FileKinds.LengthBytes(path):
                throw new CommandException(ExitCodes.Usage, $"{path} is there and has another size than {SizeText.Format(asked)}; remove it or leave --size away");
            case FileKind.BlockDevice or FileKind.Regular:
                return false;
            default:
                throw new CommandException(ExitCodes.Usage, $"{path} is neither a block device nor a regular file");
        }
    }

    public static void RefuseMounted(string path)
    {
        (uint major, uint minor) = FileKinds.BlockDeviceNumber(path);
        foreach (MountEntry entry in MountTable.Read())
        {
            bool isSameDevice = FileKinds.Of(path) == FileKind.BlockDevice && entry.DeviceMajor == major && entry.DeviceMinor == minor;
            if (isSameDevice || (MountTable.IsTxlfs(entry) && entry.Source == path))
            {
                throw new CommandException(ExitCodes.Busy, $"{path} is mounted on {entry.MountPoint}");
            }
        }
    }

    public static void RefuseForeign(string path)
    {
        if (SignatureProber.Probe(path) is { } found)
        {
            throw new CommandException(ExitCodes.Refused, $"{path} holds {found}; --force formats it nevertheless");
        }
    }

    /// <summary>
    /// Takes away what other programs would know the old content by, at both ends (backup partition tables and RAID labels are at the end),
    /// so that nobody is ever misled about what is on the device now.
    /// </summary>
    public static async ValueTask WipeAsync(IBlockDevice device)
    {
        const int WipedBytes = 1 << 20;
        int lengthBytes = (int)Math.Min(WipedBytes, device.LengthBytes);
        using AlignedBuffer zeros = new(WipedBytes);
        zeros.Slice.Span.Clear();
        int result = await device.WriteAsync(0, zeros.Slice.Slice(0, lengthBytes)).ConfigureAwait(false);
        result = result != 0 ? result : await device.WriteAsync(device.LengthBytes - lengthBytes, zeros.Slice.Slice(0, lengthBytes)).ConfigureAwait(false);
        if (result != 0)
        {
            throw new CommandException(ExitCodes.IoError, $"cannot write to {device.Name}: {Marshal.GetPInvokeErrorMessage(-result)}");
        }
    }

    public static void Remove(string path) => _ = HostLibC.Unlink(path);

    private static void Create(string path, long sizeBytes)
    {
        const int OwnerAndReaders = 0x1A4; // 0644
        int descriptor = HostLibC.Open(path, HostLibC.OpenReadWrite | HostLibC.OpenCreate | HostLibC.OpenExclusive | HostLibC.OpenCloseOnExec, OwnerAndReaders);
        if (descriptor < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            throw new CommandException(ExitCodes.FromErrno(errno), $"cannot make {path}: {Marshal.GetPInvokeErrorMessage(errno)}");
        }
        int failed = HostLibC.Truncate(descriptor, sizeBytes) == 0 ? 0 : Marshal.GetLastPInvokeError();
        HostLibC.Close(descriptor);
        if (failed != 0)
        {
            Remove(path);
            throw new CommandException(failed == Errno.EFBIG ? ExitCodes.Usage : ExitCodes.IoError, $"cannot make {path} {SizeText.Format(sizeBytes)} long: {Marshal.GetPInvokeErrorMessage(failed)}");
        }
    }
}
