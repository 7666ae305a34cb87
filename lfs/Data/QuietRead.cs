using System.Runtime.CompilerServices;
using Txlfs.Journal;

namespace Txlfs.Lfs.Data;

/// <summary>
/// Runs read bodies that answer <see cref="DataErrno.Conflict"/> when a commit was applied beside them and what they saw may not fit
/// together: a few times beside the writer, then under its lock, where nothing moves. No I/O happens under that lock.
/// </summary>
internal static class QuietRead
{
    private const int FreeAttempts = 8;

    public static ValueTask<OpResult<TResult>> RunAsync<TBody, TResult>(IEngine engine, TBody body) where TBody : struct, IReadBody<TResult>
    {
        ValueTask<OpResult<TResult>> first = engine.ReadAsync<TBody, TResult>(body);
        if (!first.IsCompletedSuccessfully)
        {
            return AgainAsync<TBody, TResult>(engine, body, first);
        }
        OpResult<TResult> result = first.Result;
        return result.Errno != DataErrno.Conflict
            ? new ValueTask<OpResult<TResult>>(result)
            : AgainAsync<TBody, TResult>(engine, body, new ValueTask<OpResult<TResult>>(result));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<OpResult<TResult>> AgainAsync<TBody, TResult>(IEngine engine, TBody body, ValueTask<OpResult<TResult>> first)
        where TBody : struct, IReadBody<TResult>
    {
        OpResult<TResult> result = await first.ConfigureAwait(false);
        for (int attempt = 1; result.Errno == DataErrno.Conflict; attempt++)
        {
            if (attempt % FreeAttempts != 0)
            {
                result = await engine.ReadAsync<TBody, TResult>(body).ConfigureAwait(false);
                continue;
            }
            OpResult<TResult> locked = await engine.CommitAsync<UnderWriterLock<TBody, TResult>, TResult>(new(body), default, CommitKind.Write).ConfigureAwait(false);

            // A volume that takes no commits applies none: the next look beside the writer is quiet.
            result = locked.Errno is Errno.EROFS or Errno.ENOSPC ? OpResult<TResult>.Fail(DataErrno.Conflict) : locked;
        }
        return result;
    }

    /// <summary>Puts nothing, so nothing is committed.</summary>
    private readonly struct UnderWriterLock<TBody, TResult>(TBody inner) : ICommitBody<TResult> where TBody : struct, IReadBody<TResult>
    {
        public bool MayUseReserve => true;

        public int Run(ref CommitContext context, out TResult result)
        {
            TBody body = inner;
            return body.Run(ref context.Reads, out result);
        }
    }
}
