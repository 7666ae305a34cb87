using Txlfs.Journal.Device;
using Txlfs.Lfs.Namespace;

namespace Txlfs.Lfs.Data;

/// <summary>The door to file contents: everything that <c>Volume.Data.cs</c> offers.</summary>
internal sealed class DataPath
{
    private readonly DataServices _services;
    private readonly FileReader _reader;
    private readonly FileWriter _writer;
    private readonly TrimFinisher _trims;
    private readonly Fallocator _fallocator;
    private readonly HoleSeeker _seeker;
    private readonly RangeCopier _copier;

    public DataPath(IEngine engine) : this(engine, new FileNamespace(engine).Room)
    {
    }

    public DataPath(IEngine engine, NamespaceRoom room)
    {
        _services = new DataServices(engine, room);
        var fetcher = new ExtentFetcher(_services);
        _trims = new TrimFinisher(_services);
        _reader = new FileReader(_services, fetcher);
        _writer = new FileWriter(_services, fetcher, _trims);
        _fallocator = new Fallocator(_services, _writer, _trims);
        _seeker = new HoleSeeker(_services);
        _copier = new RangeCopier(_services, _reader, _writer, _trims);
    }

    public DataCounters Counters => _services.Counters;

    public ValueTask<int> ReadAsync(ulong inode, long offsetBytes, NativeSlice destination) => _reader.ReadAsync(inode, offsetBytes, destination);

    public ValueTask<int> WriteAsync(ulong inode, long offsetBytes, NativeSlice source, WriteOptions options, Caller caller)
        => source.IsEmpty ? new ValueTask<int>(0) : _writer.WriteAsync(inode, offsetBytes, source, options, WriteRules.None, caller);

    public ValueTask<OpResult<InodeAttributes>> SetSizeAsync(ulong inode, long sizeBytes, AttributeChange others, Caller caller)
        => _trims.SetSizeAsync(inode, sizeBytes, others, caller);

    public ValueTask<int> FallocateAsync(ulong inode, FallocateMode mode, long offsetBytes, long lengthBytes, long availableBytes, Caller caller)
        => _fallocator.FallocateAsync(inode, mode, offsetBytes, lengthBytes, availableBytes, caller);

    public ValueTask<OpResult<long>> SeekAsync(ulong inode, long offsetBytes, int whence) => _seeker.SeekAsync(inode, offsetBytes, whence);

    public ValueTask<OpResult<long>> CopyRangeAsync(CopyRange range, Caller caller) => _copier.CopyAsync(range, caller);

    /// <summary>At mount, before the first operation.</summary>
    public ValueTask RecoverTrimsAsync() => _trims.RecoverAsync();
}
