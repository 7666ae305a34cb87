using Txlfs.Tests.Model;

namespace Txlfs.Tests.Crash;

/// <summary>What must hold of the histories at one moment: how much was acknowledged as durable, and how much had begun at all.</summary>
public sealed record Bounds(int[] Acknowledged, int[] Started);

/// <summary>
/// Contract 1: what a volume shows after a crash is a prefix of the committed operations that holds all that was acknowledged. With several tasks:
/// each shows a prefix of its own history, and an operation is visible only together with all operations, of any task, that had ended before it began.
/// </summary>
public static class PrefixCheck
{
    /// <summary>The model's states that the volume shows, one a history; or null and what is wrong.</summary>
    public static ModelState[]? Match(IReadOnlyList<History> histories, Bounds bounds, IReadOnlyList<ulong> fingerprints, out string problem)
    {
        List<(int Position, ModelState State)>[] matches = new List<(int, ModelState)>[histories.Count];
        for (int i = 0; i < histories.Count; i++)
        {
            matches[i] = [.. histories[i].Find(fingerprints[i], bounds.Acknowledged[i], bounds.Started[i]).OrderBy(match => match.Position)];
            if (matches[i].Count == 0)
            {
                problem = Unmatched(histories[i], i, bounds, fingerprints[i]);
                return null;
            }
        }
        int[] chosen = new int[histories.Count];
        for (bool moved = true; moved;)
        {
            moved = false;
            for (int i = 0; i < histories.Count; i++)
            {
                int needed = Needed(histories, matches, chosen, i);
                while (matches[i][chosen[i]].Position < needed)
                {
                    if (++chosen[i] == matches[i].Count)
                    {
                        problem = $"task {i} lacks operation {(needed / 2) - 1}, which had ended before an operation began that another task shows";
                        return null;
                    }
                    moved = true;
                }
            }
        }
        problem = "";
        return [.. matches.Select((match, i) => match[chosen[i]].State)];
    }

    /// <summary>The position that task <paramref name="self"/> must have reached, from what the others show.</summary>
    private static int Needed(IReadOnlyList<History> histories, List<(int Position, ModelState State)>[] matches, int[] chosen, int self)
    {
        long latestStart = -1;
        for (int i = 0; i < histories.Count; i++)
        {
            int visible = (matches[i][chosen[i]].Position + 1) / 2;
            // An operation that changes nothing is visible at any time: only those that left a mark count.
            while (visible > 0 && histories[i].StateAt(visible - 1).Fingerprint == histories[i].StateAt(visible).Fingerprint)
            {
                visible--;
            }
            if (i != self && visible > 0)
            {
                latestStart = Math.Max(latestStart, histories[i].Steps[visible - 1].StartTick);
            }
        }
        int needed = 0;
        IReadOnlyList<Step> steps = histories[self].Steps;
        while (needed < steps.Count && steps[needed].EndTick < latestStart)
        {
            needed++;
        }
        return 2 * needed;
    }

    private static string Unmatched(History history, int task, Bounds bounds, ulong fingerprint)
    {
        string range = $"operations {bounds.Acknowledged[task]}..{bounds.Started[task]}";
        foreach ((int position, _) in history.Find(fingerprint, 0, history.Steps.Count))
        {
            string what = position / 2 < bounds.Acknowledged[task] ? "acknowledged operations are lost" : "operations show that had not begun";
            return $"task {task} shows its state after operation {position / 2}, not one of {range}: {what}";
        }
        return $"task {task} shows a state that it never had; expected one of {range}";
    }
}
