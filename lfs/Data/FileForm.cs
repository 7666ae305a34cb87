namespace Txlfs.Lfs.Data;

/// <summary>Where a regular file's bytes are. Never two places at once (invariant D2).</summary>
internal enum FileForm
{
    /// <summary>No bytes stored: empty, or one hole.</summary>
    None,

    /// <summary>One inline record in the index; bytes behind its end are zeros.</summary>
    Inline,

    Extents,
}

internal static class FileForms
{
    private const int InlineUnitBytes = 512;

    /// <summary>
    /// The allocated bytes tell the form without another lookup: an inline file counts units of 512 up to 2048, extents count whole blocks,
    /// and both are exact.
    /// </summary>
    public static FileForm Of(in InodeAttributes attributes) => attributes.AllocatedBytes switch
    {
        <= 0 => FileForm.None,
        <= Limits.MaxInlineFileBytes => FileForm.Inline,
        _ => FileForm.Extents,
    };

    /// <summary>What an inline record of so many content bytes counts as; never 0, because tools take 0 blocks for a hole.</summary>
    public static long InlineAllocatedBytes(int contentBytes) => (contentBytes + InlineUnitBytes - 1) / InlineUnitBytes * InlineUnitBytes;
}
