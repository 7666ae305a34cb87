using System.Runtime.CompilerServices;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Fsd.Fuse.Interop;
using Txlfs.Journal;

namespace Txlfs.Fsd.Fuse;

/// <summary>Answers INIT: the highest protocol both sides know, and of the wanted features those the kernel offers.</summary>
public static unsafe class FuseNegotiation
{
    public const uint Major = 7;
    public const uint NewestMinor = 45;

    /// <summary>Linux 5.4; older kernels lack what the structures assume.</summary>
    public const uint OldestMinor = 31;

    public const FuseInitFlags Default =
        FuseInitFlags.AsyncRead | FuseInitFlags.BigWrites | FuseInitFlags.WritebackCache | FuseInitFlags.ParallelDirOps |
        FuseInitFlags.HandleKillPrivV2 | FuseInitFlags.AsyncDio | FuseInitFlags.DoReadDirPlus | FuseInitFlags.ReadDirPlusAuto |
        FuseInitFlags.MaxPages | FuseInitFlags.CacheSymlinks | FuseInitFlags.ExportSupport | FuseInitFlags.SetXAttrExt |
        FuseInitFlags.InitExt | FuseInitFlags.HasExpireOnly | FuseInitFlags.DirectIoAllowMmap;

    private const int InitBufferBytes = 8192;

    /// <summary>Reads INIT from a freshly mounted /dev/fuse and answers it.</summary>
    /// <exception cref="FuseException">The kernel's protocol is too old, or the mount is gone already.</exception>
    internal static FuseSession Negotiate(int fuseFd, FuseServerOptions options)
    {
        // Read buffers must hold a whole WRITE, whose limit is not known to the kernel before INIT: the protocol's minimum is enough here.
        byte* buffer = stackalloc byte[InitBufferBytes];
        while (true)
        {
            var header = ReadInit(fuseFd, buffer, out FuseInitIn offered);
            if (offered.Major < Major || (offered.Major == Major && offered.Minor < OldestMinor))
            {
                Answer(fuseFd, header.Unique, Errno.EPROTO, null, 0);
                throw new FuseException($"The kernel speaks FUSE {offered.Major}.{offered.Minor}; {Major}.{OldestMinor} (Linux 5.4) or newer is needed.", Errno.EPROTO);
            }
            FuseInitOut answer = Reply(offered, options, Environment.SystemPageSize);
            Answer(fuseFd, header.Unique, 0, &answer, sizeof(FuseInitOut));
            if (offered.Major == Major)
            {
                ulong flags = answer.Flags | ((ulong)answer.Flags2 << 32);
                return new FuseSession(Major, answer.Minor, flags, (int)answer.MaxWriteBytes, "dev");
            }
            // A newer major version: our answer named ours, and the kernel now sends INIT again in that.
        }
    }

    /// <summary>The answer to an INIT; nothing but arithmetic.</summary>
    internal static FuseInitOut Reply(in FuseInitIn offered, FuseServerOptions options, int pageBytes)
    {
        ulong offeredFlags = offered.Flags;
        if ((offered.Flags & (uint)FuseInitFlags.InitExt) != 0)
            offeredFlags |= (ulong)offered.Flags2 << 32;
        FuseInitFlags wanted = options.Wanted | FuseInitFlags.InitExt | FuseInitFlags.MaxPages | FuseInitFlags.BigWrites;
        wanted = options.Transport == FuseTransportKind.Dev ? wanted & ~FuseInitFlags.OverIoUring : wanted | FuseInitFlags.OverIoUring;
        if ((wanted & FuseInitFlags.PosixAcl) != 0)
            wanted |= FuseInitFlags.DontMask;
        var flags = (FuseInitFlags)((ulong)wanted & offeredFlags);

        // With ACLs the umask must not be applied before the parent's default ACL is known: it is then ours to apply, and only then.
        if ((flags & FuseInitFlags.PosixAcl) == 0)
            flags &= ~FuseInitFlags.DontMask;
        bool hasMaxPages = (flags & FuseInitFlags.MaxPages) != 0;
        int maxWriteBytes = hasMaxPages ? options.MaxWriteBytes / pageBytes * pageBytes : Math.Min(options.MaxWriteBytes, 32 * pageBytes);
        maxWriteBytes = Math.Max(maxWriteBytes, pageBytes);
        int maxBackground = Math.Clamp(options.MaxBackground, 1, ushort.MaxValue);
        return new FuseInitOut
        {
            Major = Major,
            Minor = offered.Major > Major ? NewestMinor : Math.Min(offered.Minor, NewestMinor),
            MaxReadAheadBytes = Math.Min(offered.MaxReadAheadBytes, (uint)options.MaxReadAheadBytes),
            Flags = (uint)flags,
            Flags2 = (uint)((ulong)flags >> 32),
            MaxBackground = (ushort)maxBackground,
            CongestionThreshold = (ushort)Math.Max(1, maxBackground * 3 / 4),
            MaxWriteBytes = (uint)maxWriteBytes,
            TimeGranularityNs = 1,
            MaxPages = hasMaxPages ? (ushort)Math.Clamp(maxWriteBytes / pageBytes, 1, ushort.MaxValue) : (ushort)0,
        };
    }

    private static FuseInHeader ReadInit(int fuseFd, byte* buffer, out FuseInitIn init)
    {
        nint length;
        while ((length = LibC.Read(fuseFd, buffer, InitBufferBytes)) < 0)
        {
            int errno = LibC.LastErrno;
            if (errno is not (Errno.EINTR or Errno.EAGAIN or Errno.ENOENT))
                throw new FuseException($"Reading the first message of /dev/fuse failed (errno {errno}).", errno);
        }
        if (length < sizeof(FuseInHeader) + 4 * sizeof(uint))
            throw new FuseException($"The first message of /dev/fuse has {length} bytes only.", Errno.EPROTO);
        var header = Unsafe.ReadUnaligned<FuseInHeader>(buffer);
        if (header.Opcode != FuseOpcode.Init)
            throw new FuseException($"The first message of /dev/fuse is {header.Opcode}, not INIT.", Errno.EPROTO);
        init = default;
        var received = new ReadOnlySpan<byte>(buffer + sizeof(FuseInHeader), Math.Min((int)length - sizeof(FuseInHeader), sizeof(FuseInitIn)));
        fixed (FuseInitIn* target = &init)
            received.CopyTo(new Span<byte>(target, sizeof(FuseInitIn)));
        return header;
    }

    private static void Answer(int fuseFd, ulong unique, int errno, void* body, int bodyBytes)
    {
        var header = new FuseOutHeader { LengthBytes = (uint)(sizeof(FuseOutHeader) + bodyBytes), Error = -errno, Unique = unique };
        IoVector* vectors = stackalloc IoVector[2];
        vectors[0] = new IoVector { Base = &header, LengthBytes = (nuint)sizeof(FuseOutHeader) };
        vectors[1] = new IoVector { Base = body, LengthBytes = (nuint)bodyBytes };
        if (LibC.WriteV(fuseFd, vectors, bodyBytes == 0 ? 1 : 2) < 0)
            throw new FuseException($"Answering INIT failed (errno {LibC.LastErrno}).", LibC.LastErrno);
    }
}
