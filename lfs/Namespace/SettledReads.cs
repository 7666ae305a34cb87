using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Runtime;

namespace Txlfs.Lfs.Namespace;

/// <summary>
/// A read that can tell, by -ESTALE, that records it saw do not fit together. Reads are not atomic against a commit that is being applied,
/// so this may be harmless.
/// </summary>
internal interface ISuspectBody<TResult> : IReadBody<TResult>
{
    /// <summary>The records still do not fit together with no commit in between: says so in the log.</summary>
    void LogDamage(in TResult result);
}

/// <summary>Runs reads that may be suspect: what looks damaged is looked at again under the writer lock, where nothing moves.</summary>
internal static class SettledReads
{
    private const int MaxAttempts = 100;

    /// <summary>As the body says; never ESTALE: EIO (logged) when the damage is real.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<OpResult<TResult>> ReadAsync<TBody, TResult>(NamespaceRoom room, TBody body) where TBody : struct, ISuspectBody<TResult>
    {
        OpResult<TResult> result = await room.Engine.ReadAsync<TBody, TResult>(body);
        for (int attempt = 0; result.Errno == Errno.ESTALE; attempt++)
        {
            OpResult<TResult> settled = await room.Engine.CommitAsync<SettledBody<TBody, TResult>, TResult>(new(body), default, CommitKind.SetAttributes);
            if (settled.Errno == Errno.EAGAIN && attempt < MaxAttempts)
            {
                result = await room.Engine.ReadAsync<TBody, TResult>(body);
                continue;
            }
            if (settled.Errno is Errno.EROFS or Errno.ENOSPC)
            {
                // No commits, so nothing moves: a plain read is as good.
                settled = await room.Engine.ReadAsync<SettledBody<TBody, TResult>, TResult>(new(body));
            }
            return settled;
        }
        return result;
    }

    /// <summary>Never succeeds, so that nothing is committed: -EAGAIN when the read is sound now.</summary>
    private readonly struct SettledBody<TBody, TResult>(TBody inner) : ICommitBody<TResult>, IReadBody<TResult> where TBody : struct, ISuspectBody<TResult>
    {
        public bool MayUseReserve => true;

        public int Run(ref CommitContext context, out TResult result) => Run(ref context.Reads, out result);

        public int Run(ref ReadContext context, out TResult result)
        {
            TBody body = inner;
            int status = body.Run(ref context, out result);
            if (status == -Errno.ESTALE)
            {
                body.LogDamage(result);
                return -Errno.EIO;
            }
            return status == 0 ? -Errno.EAGAIN : status;
        }
    }
}
