using Txlfs.Tests.Model;

namespace Txlfs.Tests.Crash;

/// <summary>What a volume shows against the model's state that is most like it, as a short list for people.</summary>
public static class Difference
{
    private const int MaxLines = 40;

    public static string Nearest(History history, List<string> shown, int acknowledged, int started)
    {
        HashSet<string> seen = [.. shown];
        int best = acknowledged;
        int bestDistance = int.MaxValue;
        for (int whole = acknowledged; whole <= started; whole++)
        {
            HashSet<string> expected = [.. history.StateAt(whole).Dump()];
            int distance = expected.Count(line => !seen.Contains(line)) + seen.Count(line => !expected.Contains(line));
            if (distance < bestDistance)
            {
                (best, bestDistance) = (whole, distance);
            }
        }
        return $"nearest is the state after operation {best}:\n{Lines(history.StateAt(best).Dump(), shown)}\n{Around(history, best)}";
    }

    private static string Around(History history, int position)
    {
        int first = Math.Max(0, position - 2), end = Math.Min(history.Steps.Count, position + 4);
        return string.Join('\n', Enumerable.Range(first, end - first).Select(i => $"  operation {i + 1}: {Shorten(history.Steps[i].Operation)}"));
    }

    public static string Lines(List<string> expected, List<string> shown)
    {
        HashSet<string> left = [.. expected], right = [.. shown];
        IEnumerable<string> lines = expected.Where(line => !right.Contains(line)).Select(line => "  expected " + Shorten(line))
            .Concat(shown.Where(line => !left.Contains(line)).Select(line => "  shown    " + Shorten(line)));
        return string.Join('\n', lines.Take(MaxLines));
    }

    public static string Shorten(object thing)
    {
        string text = thing.ToString() ?? "";
        return text.Length <= 300 ? text : text[..300] + "…";
    }
}
