namespace Txlfs.Cli.Crashtest;

/// <summary>
/// Gives a failing state its lost writes back, one after the other, as long as it still fails: what remains is what the failure needs. The
/// number of runs is bounded; a state with many losses first gets halves of them back at once.
/// </summary>
internal sealed class Minimizer(Func<CrashState, Task<bool>> stillFails, int mostRuns)
{
    private int _runs;

    public async Task<CrashState> RunAsync(CrashState failing)
    {
        CrashState least = failing;
        for (int part = least.Losses.Count; part > 0; part /= 2)
        {
            for (int start = 0; start < least.Losses.Count && _runs < mostRuns;)
            {
                CrashState candidate = least with { Losses = [.. least.Losses.Take(start), .. least.Losses.Skip(start + part)] };
                _runs++;
                if (await stillFails(candidate).ConfigureAwait(false))
                {
                    least = candidate;
                }
                else
                {
                    start += part;
                }
            }
        }
        return least;
    }
}
