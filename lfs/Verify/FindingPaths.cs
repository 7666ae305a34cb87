using Txlfs.Lfs.Engine;

namespace Txlfs.Lfs.Verify;

/// <summary>Gives findings the paths of their inodes, as far as a sound index tells them: for people, so only the first ones.</summary>
internal static class FindingPaths
{
    private const int MaxPaths = 200;

    public static async ValueTask AddAsync(VolumeEngine engine, FindingList findings)
    {
        var finder = new EntryFinder(engine);
        for (int i = 0; i < findings.Kept.Count && i < MaxPaths; i++)
        {
            Finding finding = findings.Kept[i];
            if (finding.Inode != 0 && finding.Path is null)
            {
                findings.Replace(i, finding with { Path = await finder.PathAsync(finding.Inode).ConfigureAwait(false) });
            }
        }
    }
}
