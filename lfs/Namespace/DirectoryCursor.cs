namespace Txlfs.Lfs.Namespace;

/// <summary>How far a directory read has got; outlives the attempts of its body, so that an entry is handed out once.</summary>
internal sealed class DirectoryCursor
{
    public const ulong Dot = 1, DotDot = 2;

    /// <summary>The cookie of the last entry that the sink took.</summary>
    public ulong Cookie { get; set; }
}
