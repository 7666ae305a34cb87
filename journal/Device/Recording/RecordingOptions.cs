namespace Txlfs.Journal.Device.Recording;

public sealed record RecordingOptions
{
    /// <summary>Made anew.</summary>
    public required string LogPath { get; init; }

    /// <summary>The file that the recorded program appends a line to for whatever it regards as safe; its length is noted with every event.</summary>
    public required string AckPath { get; init; }

    /// <summary>When the log would become longer, writes fail with -ENOSPC instead.</summary>
    public long LimitBytes { get; init; } = 4L << 30;
}
