namespace Txlfs.Cli.Signatures;

/// <summary>Bytes at a fixed place by which a format is known.</summary>
internal readonly record struct Signature(string Name, long OffsetBytes, byte[] Magic)
{
    public static Signature Text(string name, long offsetBytes, string magic) => new(name, offsetBytes, System.Text.Encoding.Latin1.GetBytes(magic));

    /// <summary>What a device may hold that mkfs must not write over unasked. The first that fits names it, so containers come after what is in them.</summary>
    public static readonly Signature[] Known =
    [
        Text("a txlfs volume", 0, "TXLFSB01"),
        Text("the state of a txlfs torture", 64 << 10, "TXLTORT1"),
        Text("the state of a txlfs torture", 128 << 10, "TXLTORT1"),
        Text("a LUKS encrypted volume", 0, "LUKS\u00BA\u00BE"),
        Text("an xfs filesystem", 0, "XFSB"),
        Text("a squashfs filesystem", 0, "hsqs"),
        Text("an ntfs filesystem", 3, "NTFS    "),
        Text("an exfat filesystem", 3, "EXFAT   "),
        Text("a vfat filesystem", 0x36, "FAT12   "),
        Text("a vfat filesystem", 0x36, "FAT16   "),
        Text("a vfat filesystem", 0x52, "FAT32   "),
        new("an f2fs filesystem", 0x400, [0x10, 0x20, 0xF5, 0xF2]),
        new("an erofs filesystem", 0x400, [0xE2, 0xE1, 0xF5, 0xE0]),
        new("a nilfs2 filesystem", 0x406, [0x34, 0x34]),
        new("an ext2, ext3 or ext4 filesystem", 0x438, [0x53, 0xEF]),
        Text("a jfs filesystem", 0x8000, "JFS1"),
        Text("an iso9660 filesystem", 0x8001, "CD001"),
        Text("a reiserfs filesystem", 0x10034, "ReIsEr"),
        Text("a btrfs filesystem", 0x10040, "_BHRfS_M"),
        Text("an LVM2 physical volume", 0x000, "LABELONE"),
        Text("an LVM2 physical volume", 0x200, "LABELONE"),
        Text("an LVM2 physical volume", 0x400, "LABELONE"),
        Text("an LVM2 physical volume", 0x600, "LABELONE"),
        new("a RAID member", 0x0000, [0xFC, 0x4E, 0x2B, 0xA9]),
        new("a RAID member", 0x1000, [0xFC, 0x4E, 0x2B, 0xA9]),
        new("a bcachefs filesystem", 0x1018, [0xC6, 0x85, 0x73, 0xF6, 0x66, 0xCE, 0x90, 0xA9]),
        new("a bcache device", 0x1018, [0xC6, 0x85, 0x73, 0xF6, 0x4E, 0x1A, 0x45, 0xCA]),
        Text("a swap area", 0x1000 - 10, "SWAPSPACE2"),
        Text("a swap area", 0x4000 - 10, "SWAPSPACE2"),
        Text("a swap area", 0x10000 - 10, "SWAPSPACE2"),
        Text("a GPT partition table", 0x200, "EFI PART"),
        Text("a GPT partition table", 0x1000, "EFI PART"),
    ];
}
