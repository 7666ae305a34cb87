using Txlfs.Cli.Commands;
using Txlfs.Fsd.Host;
using Txlfs.Journal.Runtime;

namespace Txlfs.Cli.Crashtest;

/// <summary>A mount by the real daemon for as long as a program runs in it.</summary>
internal sealed class TestMount(string directory, IReadOnlyList<string> options)
{
    private const int Attempts = 40, PauseMs = 50;

    private static readonly IClock s_clock = SystemTools.Seams().Clock;

    public string Directory => directory;

    /// <exception cref="CommandException">The daemon's own reason.</exception>
    public void Mount(string image, params string[] more)
        => DaemonLauncher.Start(new DaemonArguments { Device = image, Directory = directory, Options = [.. options, .. more] });

    /// <summary>A program that was just killed may hold the mount for a moment; one that stays is left without it.</summary>
    public async Task UnmountAsync()
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                UmountCommand.Run(directory, isLazy: false);
                return;
            }
            catch (CommandException busy) when (busy.ExitCode == ExitCodes.Busy && attempt < Attempts)
            {
                await ClockDelay.For(s_clock, PauseMs).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Whatever state it is in: it is not in the tree afterwards.</summary>
    public void Abandon()
    {
        if (MountTable.At(directory) is not null)
        {
            UmountCommand.Run(directory, isLazy: true);
        }
    }
}
