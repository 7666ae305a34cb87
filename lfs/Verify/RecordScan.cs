using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Verify;

/// <summary>Walks all records in key order, one at a time, loading pages as it goes: memory stays bounded whatever the size.</summary>
internal sealed class RecordScan(VolumeEngine engine)
{
    private readonly byte[] _value = new byte[Limits.MaxValueBytes];
    private Key _from;
    private bool _isAtEnd;

    public Key Key { get; private set; }
    public int ValueLengthBytes { get; private set; }
    public ReadOnlySpan<byte> Value => _value.AsSpan(0, ValueLengthBytes);

    /// <summary>1: a record; 0: the end; negative errno: the index is not readable here.</summary>
    public async ValueTask<int> NextAsync()
    {
        if (_isAtEnd)
        {
            return 0;
        }
        OpResult<(Key Found, int Length)> step = await engine.ReadAsync<Step, (Key, int)>(new Step(_from, _value)).ConfigureAwait(false);
        if (!step.IsOk)
        {
            return step.Errno == Journal.Errno.ENOENT ? 0 : -step.Errno;
        }
        (Key, ValueLengthBytes) = step.Value;
        _isAtEnd = Key is { Inode: ulong.MaxValue, Tail: ulong.MaxValue };
        _from = Key.Tail == ulong.MaxValue ? new Key(Key.Inode + 1, 0) : new Key(Key.Inode, Key.Tail + 1);
        return 1;
    }

    private readonly struct Step(Key from, byte[] value) : IReadBody<(Key, int)>
    {
        public int Run(ref ReadContext context, out (Key, int) result)
        {
            int status = context.SeekAtLeast(from, new Key(ulong.MaxValue, ulong.MaxValue), out Key found, value, out int length);
            result = (found, length);
            return status;
        }
    }
}
