using Txlfs.Journal.Codec;

namespace Txlfs.Cli.Commands;

/// <summary>The names that people use for codecs and checksums.</summary>
internal static class CodecNames
{
    public static CodecKind Codec(string name) => name switch
    {
        "lz4" => CodecKind.Lz4,
        "zstd" => CodecKind.Zstd,
        "snappy" => CodecKind.Snappy,
        "brotli" => CodecKind.Brotli,
        _ => CodecKind.None,
    };

    public static ChecksumKind Checksum(string name) => name switch
    {
        "xxh3" => ChecksumKind.Xxh3,
        "sha256" => ChecksumKind.Sha256,
        _ => ChecksumKind.Crc32c,
    };
}
