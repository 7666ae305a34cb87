using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime;

namespace Txlfs.Lfs.Verify;

/// <summary>
/// Reads of a device whose completions go on from the executor instead of from the thread that reaps the device: long background work must never keep that thread,
/// which the foreground's completions wait for. Nothing is written through it.
/// </summary>
/// <param name="hasEnded">From here on every read is refused.</param>
internal sealed class ElsewhereDevice(IBlockDevice device, IExecutor executor, Func<bool> hasEnded) : IBlockDevice
{
    public string Name => device.Name;
    public long LengthBytes => device.LengthBytes;
    public int AlignmentBytes => device.AlignmentBytes;
    public bool IsReadOnly => true;
    public DeviceCounters Counters => device.Counters;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReadAsync(long offsetBytes, NativeSlice destination)
    {
        if (hasEnded())
        {
            return -Errno.EIO;
        }
        int result = await device.ReadAsync(offsetBytes, destination).ConfigureAwait(false);
        var hop = new Hop();
        executor.Queue(hop);
        await hop.Task.ConfigureAwait(false);
        return result;
    }

    public ValueTask<int> WriteAsync(long offsetBytes, NativeSlice source, WriteFlags flags = WriteFlags.None) => new(-Errno.EROFS);

    public ValueTask<int> FlushAsync() => new(-Errno.EROFS);

    public ValueTask<int> DiscardAsync(long offsetBytes, long lengthBytes) => new(-Errno.EROFS);

    /// <summary>The device belongs to the volume.</summary>
    public void Dispose()
    {
    }

    private sealed class Hop : IWorkItem
    {
        private readonly TaskCompletionSource _reached = new();

        public Task Task => _reached.Task;

        public void Execute() => _reached.SetResult();
    }
}
