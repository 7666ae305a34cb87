namespace Txlfs.Journal.Codec;

/// <summary>On-disk codec numbers; never renumbered.</summary>
public enum CodecKind : byte { None = 0, Lz4 = 1, Zstd = 2, Snappy = 3, Brotli = 4 }

/// <summary>On-disk checksum numbers; never renumbered.</summary>
public enum ChecksumKind : byte { Crc32c = 1, Xxh3 = 2, Sha256 = 3 }
