using Txlfs.Lfs;
using Txlfs.Lfs.Verify;

namespace Txlfs.Fsd.Control;

/// <summary>The online check: runs beside the mount's work, tells its client how far it is, and ends when the client goes.</summary>
internal sealed class CheckCommand(Volume volume) : ICheckProgress
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(200);
    private int _pass;
    private long _done, _total;

    public async ValueTask RunAsync(ControlExchange exchange)
    {
        Task<OnlineCheckReport> check = volume.CheckOnlineAsync(exchange.Flag("data"), this, exchange.Cancelled).AsTask();
        try
        {
            await TellProgressAsync(exchange, check).ConfigureAwait(false);
        }
        finally
        {
            // Whatever happened to the client: the check uses the volume, so nothing ends before it. Its own failure is thrown below.
            await check.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
        }
        OnlineCheckReport report = await check.ConfigureAwait(false);
        FindingList findings = report.Findings;
        foreach (Finding finding in findings.Kept)
        {
            await exchange.FindingAsync(finding).ConfigureAwait(false);
        }
        await exchange.ResultAsync(json =>
        {
            json.WriteNumber("csn", report.Csn);
            json.WriteNumber("dataBytesRead", report.DataBytesRead);
            json.WriteNumber("errors", findings.Errors);
            json.WriteNumber("findings", findings.Count);
        }).ConfigureAwait(false);
    }

    public void Begin(CheckPass pass, long total)
    {
        Volatile.Write(ref _pass, (int)pass);
        Volatile.Write(ref _done, 0);
        Volatile.Write(ref _total, total);
    }

    public void Advance(long units)
    {
        Volatile.Write(ref _done, _done + units);
    }

    private async ValueTask TellProgressAsync(ControlExchange exchange, Task check)
    {
        using PeriodicTimer timer = new(s_interval);
        while (!check.IsCompleted)
        {
            if (await Task.WhenAny(check, timer.WaitForNextTickAsync(exchange.Cancelled).AsTask()).ConfigureAwait(false) == check)
            {
                return;
            }
            if (Volatile.Read(ref _pass) is var pass and not 0)
            {
                await exchange.ProgressAsync(((CheckPass)pass).ToString(), Volatile.Read(ref _done), Volatile.Read(ref _total)).ConfigureAwait(false);
            }
        }
    }
}
