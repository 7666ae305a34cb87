#pragma warning disable RS0030 // The tool's own scratch directory: images, recordings, reports. No volume is open on what is written here.
using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Txlfs.Fsd.Host;

namespace Txlfs.Cli.Crashtest;

/// <summary>The files of one run, in a directory of their own that stays when a state has failed.</summary>
internal sealed class ScratchFiles
{
    private ScratchFiles(string directory) => Directory = directory;

    public string Directory { get; }
    public string MountPoint => Path.Combine(Directory, "mount");
    public string BaseImage => Path.Combine(Directory, "base.img");
    public string WorkImage => Path.Combine(Directory, "work.img");
    public string RecordingLog => Path.Combine(Directory, "recording");
    public string Acknowledged => Path.Combine(Directory, "ack");

    /// <summary>What a checker sees: the acknowledgements before its cut.</summary>
    public string AcknowledgedBefore => Path.Combine(Directory, "ack-before-cut");

    public static ScratchFiles Make(string? directory)
    {
        directory = directory is null ? System.IO.Directory.CreateTempSubdirectory("txlfs-crashtest-").FullName : Path.GetFullPath(directory);
        if (directory.AsSpan().ContainsAny(",:"))
        {
            throw new CommandException(ExitCodes.Usage, $"{directory}: a path with commas or colons cannot be handed to the daemon; choose another by --output");
        }
        System.IO.Directory.CreateDirectory(directory);
        if (System.IO.Directory.EnumerateFileSystemEntries(directory).Any())
        {
            throw new CommandException(ExitCodes.Refused, $"{directory} is not empty");
        }
        return Open(directory);
    }

    /// <summary>Of an earlier run.</summary>
    public static ScratchFiles Open(string directory)
    {
        ScratchFiles files = new(directory);
        System.IO.Directory.CreateDirectory(files.MountPoint);
        return files;
    }

    public string StateImage(int number) => Path.Combine(Directory, $"state-{number}.img");

    public string StateFile(int number) => Path.Combine(Directory, $"state-{number}.json");

    public long AcknowledgedBytes() => File.Exists(Acknowledged) ? new FileInfo(Acknowledged).Length : 0;

    public void Clear(string path) => File.WriteAllBytes(path, []);

    /// <summary>Copies what was acknowledged by the cut, and returns its lines.</summary>
    public string[] CutAcknowledgements(long lengthBytes)
    {
        byte[] all = File.ReadAllBytes(Acknowledged);
        File.WriteAllBytes(AcknowledgedBefore, all.AsSpan(0, (int)Math.Min(lengthBytes, all.Length)));
        return File.ReadAllLines(AcknowledgedBefore);
    }

    /// <summary>The device as the cut left it.</summary>
    public void BuildImage(string path, Recording recording, CrashState state)
    {
        Copy(BaseImage, path);
        using SafeFileHandle image = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        Dictionary<RecordedWrite, Loss> losses = state.Losses.ToDictionary(loss => loss.Write);
        byte[] buffer = [];
        foreach (RecordedWrite write in recording.Writes)
        {
            if (write.Event >= state.Cut)
            {
                break;
            }
            buffer = buffer.Length >= write.LengthBytes ? buffer : new byte[write.LengthBytes];
            recording.ReadData(write, buffer);
            WriteKept(image, write, buffer, losses.GetValueOrDefault(write));
        }
    }

    /// <summary>Holes stay holes, and where the filesystem below can share blocks it does.</summary>
    public static void Copy(string from, string to)
    {
        using Process copy = Process.Start(new ProcessStartInfo("cp", ["--sparse=always", "--reflink=auto", "--", from, to]) { RedirectStandardError = true })!;
        string complaint = copy.StandardError.ReadToEnd();
        copy.WaitForExit();
        if (copy.ExitCode != 0)
        {
            throw new CommandException(ExitCodes.IoError, $"cannot copy {from}: {complaint.Trim()}");
        }
    }

    public static void WriteText(string path, string text) => File.WriteAllText(path, text);

    public static string ReadText(string path) => File.ReadAllText(path);

    public static void Delete(string path) => File.Delete(path);

    public void DeleteAll() => System.IO.Directory.Delete(Directory, recursive: true);

    private static void WriteKept(SafeFileHandle image, RecordedWrite write, byte[] data, Loss? loss)
    {
        if (loss is null)
        {
            RandomAccess.Write(image, data.AsSpan(0, write.LengthBytes), write.OffsetBytes);
            return;
        }
        for (int sector = 0; sector < write.SectorCount; sector++)
        {
            if (!loss.Sectors[sector])
            {
                int start = sector * RecordedWrite.SectorBytes;
                RandomAccess.Write(image, data.AsSpan(start, RecordedWrite.SectorBytes), write.OffsetBytes + start);
            }
        }
    }
}
