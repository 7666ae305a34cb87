using System.Collections.Immutable;
using System.Globalization;

namespace Txlfs.Tests.Model;

/// <summary>
/// One file, directory, symlink or node. Timestamps and allocation are not part of it: they depend on when and how things are stored,
/// which tests of their own look at.
/// </summary>
public sealed record ModelInode(ulong Number, uint Mode)
{
    public const uint TypeMask = 0xF000, DirectoryType = 0x4000, RegularType = 0x8000, SymlinkType = 0xA000;

    public uint Uid { get; init; }
    public uint Gid { get; init; }
    public uint Nlink { get; init; }
    public uint Rdev { get; init; }
    public ulong Parent { get; init; }
    public string Target { get; init; } = "";
    public FileContent Content { get; init; } = FileContent.Empty;
    public ImmutableSortedDictionary<string, byte[]> Xattrs { get; init; } = ImmutableSortedDictionary.Create<string, byte[]>(StringComparer.Ordinal);
    public ImmutableSortedDictionary<string, ulong> Entries { get; init; } = ImmutableSortedDictionary.Create<string, ulong>(StringComparer.Ordinal);

    public bool IsDirectory => (Mode & TypeMask) == DirectoryType;
    public bool IsRegular => (Mode & TypeMask) == RegularType;
    public bool IsSymlink => (Mode & TypeMask) == SymlinkType;

    public ulong Fingerprint()
    {
        InodeFingerprint sum = new(Number, Mode, Uid, Gid, Nlink, Rdev);
        sum.AddContent(IsRegular ? Content.SizeBytes : 0, Content.Fingerprint);
        sum.AddTarget(Target);
        foreach ((string name, byte[] value) in Xattrs)
        {
            sum.AddXattr(name, value);
        }
        foreach ((string name, ulong child) in Entries)
        {
            sum.AddEntry(name, child);
        }
        return sum.Value;
    }

    /// <summary>One line a fact, for the difference that a failure prints.</summary>
    public IEnumerable<string> Describe(string path)
    {
        yield return string.Create(CultureInfo.InvariantCulture,
            $"{path} inode={Number} mode={Convert.ToString(Mode, 8)} uid={Uid} gid={Gid} nlink={Nlink} rdev={Rdev} target={Target}");
        if (IsRegular)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{path} size={Content.SizeBytes} content={Content.Fingerprint:x16}");
        }
        foreach ((string name, byte[] value) in Xattrs)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{path} xattr {name}={value.Length} bytes {Hashing.Of(value):x16}");
        }
    }
}

/// <summary>The one definition of an inode's fingerprint, shared by the model and the walker of real volumes.</summary>
public struct InodeFingerprint(ulong number, uint mode, uint uid, uint gid, uint nlink, uint rdev)
{
    private readonly ulong _attributes = Hashing.Mix(Hashing.Mix(number, ((ulong)mode << 32) | nlink), Hashing.Mix(((ulong)uid << 32) | gid, rdev));
    private ulong _parts = 0;

    public readonly ulong Value => Hashing.Mix(_attributes, _parts);

    public void AddContent(long sizeBytes, ulong content) => _parts ^= Hashing.Mix(Hashing.Mix(1, (ulong)sizeBytes), content);
    public void AddTarget(string target) => _parts ^= Hashing.Mix(2, Hashing.Of(target));
    public void AddXattr(string name, ReadOnlySpan<byte> value) => _parts ^= Hashing.Mix(Hashing.Mix(3, Hashing.Of(name)), Hashing.Of(value));
    public void AddEntry(string name, ulong child) => _parts ^= Hashing.Mix(Hashing.Mix(4, Hashing.Of(name)), child);
}
