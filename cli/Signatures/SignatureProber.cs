using System.Runtime.InteropServices;
using Txlfs.Fsd.Host;

namespace Txlfs.Cli.Signatures;

/// <summary>Says what a device or image holds, as far as mkfs must know before it writes over it.</summary>
internal static unsafe class SignatureProber
{
    private const int ProbedBytes = 512 * 1024;

    /// <summary>The name of what was found, or null.</summary>
    public static string? Probe(string path)
    {
        int descriptor = HostLibC.Open(path, HostLibC.OpenReadOnly | HostLibC.OpenCloseOnExec, 0);
        if (descriptor < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            throw new CommandException(ExitCodes.FromErrno(errno), $"cannot read {path}: {Marshal.GetPInvokeErrorMessage(errno)}");
        }
        try
        {
            byte[] head = new byte[ProbedBytes];
            return Identify(head.AsSpan(0, ReadHead(path, descriptor, head)));
        }
        finally
        {
            HostLibC.Close(descriptor);
        }
    }

    internal static string? Identify(ReadOnlySpan<byte> head)
    {
        foreach (Signature signature in Signature.Known)
        {
            if (signature.OffsetBytes + signature.Magic.Length <= head.Length && head[(int)signature.OffsetBytes..].StartsWith(signature.Magic))
            {
                return signature.Name;
            }
        }
        return IsZfs(head) ? "a zfs pool member" : IsPartitioned(head) ? "an MBR partition table" : null;
    }

    private static int ReadHead(string path, int descriptor, byte[] head)
    {
        int lengthBytes = 0;
        fixed (byte* memory = head)
        {
            while (lengthBytes < head.Length)
            {
                nint got = HostLibC.ReadAt(descriptor, memory + lengthBytes, head.Length - lengthBytes, lengthBytes);
                if (got < 0)
                {
                    throw new CommandException(ExitCodes.IoError, $"cannot read {path}: {Marshal.GetLastPInvokeErrorMessage()}");
                }
                if (got == 0)
                {
                    break;
                }
                lengthBytes += (int)got;
            }
        }
        return lengthBytes;
    }

    /// <summary>A ring of uberblocks at 128 KiB, each at a multiple of 1 KiB, in the byte order of whoever wrote it.</summary>
    private static bool IsZfs(ReadOnlySpan<byte> head)
    {
        const int RingOffset = 128 * 1024, RingBytes = 128 * 1024;
        for (int offset = RingOffset; offset < RingOffset + RingBytes && offset + 8 <= head.Length; offset += 1024)
        {
            ulong magic = BitConverter.ToUInt64(head[offset..]);
            if (magic is 0x00BAB10C or 0x0CB1BA0000000000)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>The boot signature alone is also in boot sectors without partitions: at least one entry must be a plausible partition.</summary>
    private static bool IsPartitioned(ReadOnlySpan<byte> head)
    {
        const int FirstEntry = 446, EntryBytes = 16, Entries = 4;
        if (head.Length < 512 || head[510] != 0x55 || head[511] != 0xAA)
        {
            return false;
        }
        bool isAny = false;
        for (int i = 0; i < Entries; i++)
        {
            ReadOnlySpan<byte> entry = head.Slice(FirstEntry + i * EntryBytes, EntryBytes);
            if (entry[0] is not (0x00 or 0x80))
            {
                return false;
            }
            isAny |= entry[4] != 0 && BitConverter.ToUInt32(entry[12..]) != 0;
        }
        return isAny;
    }
}
