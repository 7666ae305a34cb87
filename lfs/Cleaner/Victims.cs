namespace Txlfs.Lfs.Cleaner;

/// <summary>The segments of a round: few, so a list that is searched.</summary>
internal sealed class Victims
{
    public const int MaxCount = 64;
    private readonly List<(int Segment, ulong Stamp)> _segments = [];

    public int Count => _segments.Count;
    public IEnumerable<int> Segments => _segments.Select(victim => victim.Segment);

    public void Add(int segment, ulong stamp) => _segments.Add((segment, stamp));

    public void Clear() => _segments.Clear();

    public void Remove(int segment) => _segments.RemoveAll(victim => victim.Segment == segment);

    public bool TryFind(int segment)
    {
        foreach ((int own, _) in _segments)
        {
            if (own == segment)
            {
                return true;
            }
        }
        return false;
    }

    public ulong StampOf(int segment)
    {
        foreach ((int own, ulong stamp) in _segments)
        {
            if (own == segment)
            {
                return stamp;
            }
        }
        return 0;
    }
}
