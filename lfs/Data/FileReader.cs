using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Device;

namespace Txlfs.Lfs.Data;

/// <summary>read(2): plans, fetches, and plans again where the file changed under a transfer.</summary>
internal sealed class FileReader(DataServices services, ExtentFetcher fetcher)
{
    /// <summary>More changed records than this in one read are not a race any more.</summary>
    private const int MaxStalePlans = 1000;

    /// <summary>Bytes read (short only at the end of the file), or -errno.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReadAsync(ulong inode, long offsetBytes, NativeSlice destination)
    {
        if (offsetBytes < 0 || offsetBytes > long.MaxValue - destination.LengthBytes)
        {
            return -Errno.EINVAL;
        }
        ReadState state = services.ReadStates.Rent();
        try
        {
            int doneBytes = 0, stalePlans = 0;
            while (doneBytes < destination.LengthBytes)
            {
                state.Begin(inode, offsetBytes + doneBytes, destination.Slice(doneBytes));
                OpResult<ReadAnswer> plan = await QuietRead.RunAsync<ReadPlanBody, ReadAnswer>(services.Engine, new ReadPlanBody(state, services.Engine)).ConfigureAwait(false);
                if (!plan.IsOk)
                {
                    return services.Fail(inode, plan.Errno);
                }
                int status = plan.Value == ReadAnswer.Planned ? await fetcher.FetchAsync(state).ConfigureAwait(false) : 0;
                if (status == -DataErrno.Conflict && ++stalePlans < MaxStalePlans)
                {
                    continue;
                }
                if (status != 0)
                {
                    return status == -DataErrno.Conflict ? -Errno.EIO : status;
                }
                int answeredBytes = (int)(state.PlannedToBytes - state.OffsetBytes);
                if (answeredBytes == 0)
                {
                    break;
                }
                doneBytes += answeredBytes;
            }
            return doneBytes;
        }
        finally
        {
            services.ReadStates.Return(state);
        }
    }
}
