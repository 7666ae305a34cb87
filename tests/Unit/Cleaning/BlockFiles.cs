using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Tests.Model;
using Xunit;

namespace Txlfs.Tests.Unit.Cleaning;

/// <summary>
/// A volume, and files of 4 KiB blocks of which it is known which version each must show. A block's bytes follow from file, block and version, so that
/// gigabytes can be written and checked without keeping them.
/// </summary>
internal sealed class BlockFiles : IDisposable
{
    public const int BlockBytes = 4096;
    public static readonly Caller Root = new(0, 0, 1);
    private readonly SortedDictionary<string, (ulong Inode, int[] Versions)> _files = new(StringComparer.Ordinal);
    private readonly IBlockDevice _device;
    private readonly VolumeOptions _options;
    private int _version;

    public BlockFiles(SimulatedRuntime runtime, IBlockDevice device, FormatOptions format, VolumeOptions? options = null)
    {
        Runtime = runtime;
        _device = device;
        _options = options ?? new VolumeOptions { MemoryBytes = 24 << 20 };
        runtime.RunToEnd(Volume.FormatAsync(device, format, runtime.Seams));
        Driver = Open();
    }

    public SimulatedRuntime Runtime { get; }
    public VolumeDriver Driver { get; private set; }
    public Volume Volume => Driver.Volume;

    /// <summary>How well blocks compress: 0 not at all, 1 about to a half.</summary>
    public bool IsCompressible { get; init; }
    public IReadOnlyList<string> Names => [.. _files.Keys];
    public long AvailableBytes => Volume.Statistics().AvailableBytes;

    public int BlocksOf(string name) => _files[name].Versions.Length;
    public ulong InodeOf(string name) => _files[name].Inode;

    public int Create(string name, int blocks)
    {
        Outcome made = Runtime.RunToEnd(() => Driver.CreateAsync(Limits.RootInode, name, 0x81A4, 0, Root, false));
        if (made.Errno == 0)
        {
            _files[name] = (made.Inode, new int[blocks]);
        }
        return made.Errno;
    }

    /// <summary>Writes new versions of the blocks; errno. After a short write only what was written counts.</summary>
    public int Write(string name, int firstBlock, int count) => Runtime.RunToEnd(() => WriteAsync(name, firstBlock, count));

    public async ValueTask<int> WriteAsync(string name, int firstBlock, int count)
    {
        (ulong inode, int[] versions) = _files[name];
        int version = Interlocked.Increment(ref _version);
        byte[] data = new byte[count * BlockBytes];
        for (int i = 0; i < count; i++)
        {
            Fill(data.AsSpan(i * BlockBytes, BlockBytes), inode, firstBlock + i, version);
        }
        Outcome outcome = await Driver.WriteAsync(inode, (long)firstBlock * BlockBytes, data, WriteOptions.None, Root);
        if (outcome.Errno == 0)
        {
            Assert.Equal(0, outcome.Count % BlockBytes);
            versions.AsSpan(firstBlock, (int)(outcome.Count / BlockBytes)).Fill(version);
        }
        return outcome.Errno != 0 ? outcome.Errno : outcome.Count == data.Length ? 0 : Errno.ENOSPC;
    }

    public int Delete(string name)
    {
        Outcome outcome = Runtime.RunToEnd(() => Driver.UnlinkAsync(Limits.RootInode, name, Root));
        if (outcome.Errno == 0)
        {
            _files.Remove(name);
        }
        return outcome.Errno;
    }

    /// <summary>Shares the whole of a file with a new one.</summary>
    public void Share(string from, string to)
    {
        (ulong source, int[] versions) = _files[from];
        Assert.Equal(0, Create(to, versions.Length));
        long length = (long)versions.Length * BlockBytes;
        for (long at = 0; at < length;)
        {
            long offset = at;
            OpResult<long> copied = Runtime.RunToEnd(() => Volume.CopyRangeAsync(source, offset, InodeOf(to), offset, length - offset, Root));
            Assert.True(copied.IsOk && copied.Value > 0, $"copy gave errno {copied.Errno}");
            at += copied.Value;
        }
        versions.CopyTo(_files[to].Versions, 0);
        _origins[to] = _origins.GetValueOrDefault(from, source);
    }

    private readonly Dictionary<string, ulong> _origins = [];

    /// <summary>Every block of every file (or of one) shows its version.</summary>
    public void CheckContent(string? only = null)
    {
        byte[] expected = new byte[BlockBytes];
        foreach ((string name, (ulong inode, int[] versions)) in _files)
        {
            for (int at = 0; at < versions.Length && (only is null || only == name); at += 64)
            {
                int offset = at, blocks = Math.Min(64, versions.Length - at);
                Outcome read = Runtime.RunToEnd(() => Driver.ReadAsync(inode, (long)offset * BlockBytes, blocks * BlockBytes));
                Assert.Equal(0, read.Errno);
                for (int i = 0; i < blocks; i++)
                {
                    if (versions[at + i] != 0 || (i + 1) * BlockBytes <= read.Data!.Length)
                    {
                        Fill(expected, inode, at + i, versions[at + i]);
                        ReadOnlySpan<byte> shown = read.Data!.AsSpan(i * BlockBytes, BlockBytes);
                        bool isSame = shown.SequenceEqual(expected);
                        if (!isSame && _origins.TryGetValue(name, out ulong origin))
                        {
                            Fill(expected, origin, at + i, versions[at + i]);
                            isSame = shown.SequenceEqual(expected);
                        }
                        Assert.True(isSame, $"{name}, block {at + i}: not version {versions[at + i]}");
                    }
                }
            }
        }
    }

    public void CheckSound() => Assert.Empty(Runtime.RunToEnd(Volume.VerifyAsync()));

    public void Remount(bool clean = true)
    {
        if (clean)
        {
            Assert.Equal(0, Runtime.RunToEnd(Volume.CloseAsync()));
        }
        Driver.Dispose();
        Driver = Open();
    }

    public long Metric(string group, string name) => Volume.Metrics().Single(metric => metric.Group == group && metric.Name == name).Value;

    /// <summary>Every segment's state and live KiB, for a test that fails.</summary>
    public string DescribeSegments() => string.Join(" ", Enumerable.Range(0, Volume.Engine.Segments.Count).Select(i => Volume.Engine.Segments[i])
        .Select(segment => $"{segment.State.ToString()[0]}{segment.LiveBytes >> 10}{(segment.IsPinned ? "p" : "")}"));

    private VolumeDriver Open() => new(Runtime.RunToEnd(() => Volume.OpenAsync(_device, _options, Runtime.Seams)));

    private void Fill(Span<byte> block, ulong inode, int number, int version)
    {
        if (version == 0)
        {
            block.Clear();
            return;
        }
        var random = new SeededRandom(inode * 1_000_003 + (ulong)number * 7919 + (ulong)version * 104_729);
        Span<ulong> words = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(block);
        int filled = IsCompressible ? words.Length / 2 : words.Length;
        for (int i = 0; i < filled; i++)
        {
            words[i] = random.Next() | 1;
        }
        words[filled..].Fill(0x0101010101010101);
    }

    public void Dispose() => Driver.Dispose();
}
