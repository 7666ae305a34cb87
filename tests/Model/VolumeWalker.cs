using System.Globalization;
using System.Text;
using Txlfs.Lfs;

namespace Txlfs.Tests.Model;

/// <summary>
/// Reads everything below a directory through the volume's public operations, into the same fingerprint and the same list of facts that
/// <see cref="ModelState"/> has.
/// </summary>
public sealed class VolumeWalker(VolumeDriver driver)
{
    private readonly HashSet<ulong> _seen = [];
    private List<string>? _lines;
    private ulong _fingerprint;

    public static async ValueTask<ulong> FingerprintAsync(VolumeDriver driver, ulong root)
    {
        VolumeWalker walker = new(driver);
        await walker.VisitAsync(root, "");
        return walker._fingerprint;
    }

    public static async ValueTask<List<string>> DumpAsync(VolumeDriver driver, ulong root)
    {
        VolumeWalker walker = new(driver) { _lines = [] };
        await walker.VisitAsync(root, "");
        walker._lines.Sort(StringComparer.Ordinal);
        return walker._lines;
    }

    private async ValueTask VisitAsync(ulong number, string path)
    {
        if (!_seen.Add(number) && _lines is null)
        {
            return;
        }
        OpResult<InodeAttributes> found = await driver.Volume.GetAttributesAsync(number);
        if (!found.IsOk)
        {
            throw new WalkException(found.Errno, $"{path}: attributes of inode {number}: errno {found.Errno}");
        }
        InodeAttributes inode = found.Value;
        InodeFingerprint sum = new(inode.Inode, inode.Mode, inode.Uid, inode.Gid, inode.Nlink, inode.Rdev);
        ulong content = inode.IsRegular ? await ContentAsync(number, inode.SizeBytes) : 0;
        sum.AddContent(inode.IsRegular ? inode.SizeBytes : 0, content);
        string target = inode.IsSymlink ? await driver.ReadLinkAsync(number) : "";
        sum.AddTarget(target);
        Describe(path, inode, target, content);
        foreach (string name in await driver.ListXattrAsync(number))
        {
            byte[] value = await driver.GetXattrAsync(number, name);
            sum.AddXattr(name, value);
            _lines?.Add(string.Create(CultureInfo.InvariantCulture, $"{Shown(path)} xattr {name}={value.Length} bytes {Hashing.Of(value):x16}"));
        }
        List<(string Name, ulong Inode)> entries = inode.IsDirectory ? await ListAsync(driver, number) : [];
        foreach ((string name, ulong child) in entries)
        {
            sum.AddEntry(name, child);
        }
        _fingerprint ^= sum.Value;
        foreach ((string name, ulong child) in entries)
        {
            await VisitAsync(child, path + "/" + name);
        }
    }

    private void Describe(string path, in InodeAttributes inode, string target, ulong content)
    {
        if (_lines is null)
        {
            return;
        }
        _lines.Add(string.Create(CultureInfo.InvariantCulture,
            $"{Shown(path)} inode={inode.Inode} mode={Convert.ToString(inode.Mode, 8)} uid={inode.Uid} gid={inode.Gid} nlink={inode.Nlink} rdev={inode.Rdev} target={target}"));
        if (inode.IsRegular)
        {
            _lines.Add(string.Create(CultureInfo.InvariantCulture, $"{Shown(path)} size={inode.SizeBytes} content={content:x16}"));
        }
    }

    private static string Shown(string path) => path.Length == 0 ? "/" : path;

    private async ValueTask<ulong> ContentAsync(ulong number, long sizeBytes)
    {
        const int windowBytes = 64 * FileContent.ChunkBytes;
        using NativeBuffer window = new((int)Math.Min(windowBytes, (sizeBytes + FileContent.ChunkBytes) / FileContent.ChunkBytes * FileContent.ChunkBytes));
        ulong fingerprint = 0;
        for (long at = 0; at < sizeBytes;)
        {
            int count = await driver.Volume.ReadAsync(number, at, window.Slice);
            if (count != Math.Min(window.Slice.LengthBytes, sizeBytes - at))
            {
                throw new WalkException(count < 0 ? -count : 0, $"read of inode {number} at {at} of {sizeBytes} gave {count}");
            }
            window.Slice.Span[count..].Clear();
            for (int done = 0; done < count; done += FileContent.ChunkBytes)
            {
                ReadOnlySpan<byte> chunk = window.Slice.Span.Slice(done, FileContent.ChunkBytes);
                fingerprint ^= chunk.ContainsAnyExcept((byte)0) ? FileContent.ChunkFingerprint((at + done) / FileContent.ChunkBytes, chunk) : 0;
            }
            at += count;
        }
        return fingerprint;
    }

    /// <summary>The entries of a directory but "." and "..", read in small portions so that cookies are used.</summary>
    public static async ValueTask<List<(string Name, ulong Inode)>> ListAsync(VolumeDriver driver, ulong directory, int portion = 7)
    {
        List<(string Name, ulong Inode)> entries = [];
        ulong cookie = 0;
        while (true)
        {
            Sink sink = new(portion);
            int result = await driver.Volume.ReadDirectoryAsync(directory, cookie, sink);
            if (result < 0)
            {
                throw new WalkException(-result, $"readdir of inode {directory} failed with errno {-result}");
            }
            if (sink.Entries.Count == 0)
            {
                return entries;
            }
            entries.AddRange(sink.Entries.Where(entry => entry.Name is not ("." or "..")));
            cookie = sink.LastCookie;
        }
    }

    private sealed class Sink(int portion) : IDirectorySink
    {
        public List<(string Name, ulong Inode)> Entries { get; } = [];
        public ulong LastCookie { get; private set; }

        public bool TryAdd(ReadOnlySpan<byte> name, in InodeAttributes attributes, ulong cookie)
        {
            if (Entries.Count == portion)
            {
                return false;
            }
            Entries.Add((Encoding.UTF8.GetString(name), attributes.Inode));
            LastCookie = cookie;
            return true;
        }
    }
}
