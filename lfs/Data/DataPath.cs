using Txlfs.Journal.Device;

namespace Txlfs.Lfs.Data;

/// <summary>The door to file contents: everything that <c>Volume.Data.cs</c> offers.</summary>
internal sealed class DataPath
{
    private readonly DataServices _services;
    private readonly FileReader _reader;
    private readonly FileWriter _writer;
    private readonly TrimFinisher _trims;

    public DataPath(IEngine engine)
    {
        _services = new DataServices(engine);
        var fetcher = new ExtentFetcher(_services);
        _trims = new TrimFinisher(_services);
        _reader = new FileReader(_services, fetcher);
        _writer = new FileWriter(_services, fetcher, _trims);
    }

    public DataCounters Counters => _services.Counters;

    public ValueTask<int> ReadAsync(ulong inode, long offsetBytes, NativeSlice destination) => _reader.ReadAsync(inode, offsetBytes, destination);

    public ValueTask<int> WriteAsync(ulong inode, long offsetBytes, NativeSlice source, WriteOptions options, Caller caller)
        => source.IsEmpty ? new ValueTask<int>(0) : _writer.WriteAsync(inode, offsetBytes, source, options, WriteRules.None, caller);

    public ValueTask<OpResult<InodeAttributes>> SetSizeAsync(ulong inode, long sizeBytes, AttributeChange others, Caller caller)
        => _trims.SetSizeAsync(inode, sizeBytes, others, caller);

    /// <summary>At mount, before the first operation.</summary>
    public ValueTask RecoverTrimsAsync() => _trims.RecoverAsync();
}
