using System.Buffers.Binary;
using Txlfs.Journal.Runtime;

namespace Txlfs.Cli;

/// <summary>The real clock, randomness and log, for a tool that runs for a moment.</summary>
internal static class SystemTools
{
    public static Seams Seams(LogSeverity least = LogSeverity.Warning) => SystemSeams.Create(new StderrLogSink(least));

    /// <summary>A random (version 4) UUID.</summary>
    public static Guid NewUuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        Seams().Random.Fill(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
