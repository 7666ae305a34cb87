using System.Runtime.InteropServices;
using Txlfs.Journal.Device;
using Txlfs.Journal.Device.Card;
using Txlfs.Journal.Device.Recording;
using Txlfs.Journal.Runtime;

namespace Txlfs.Fsd.Host;

/// <summary>
/// The layer that <c>device-model=</c> puts over the real device: a card that forgets what was not flushed when the power goes (SIGUSR2), or a
/// recorder. For tests of power cuts; a mount without the option has none of it.
/// </summary>
internal sealed class DeviceModel : IDisposable
{
    private const PosixSignal SignalUser2 = (PosixSignal)12;

    private readonly CardBlockDevice? _card;
    private readonly RecordingBlockDevice? _recorder;
    private readonly PosixSignalRegistration? _cutSignal;

    private DeviceModel(CardBlockDevice card)
    {
        _card = card;
        _cutSignal = PosixSignalRegistration.Create(SignalUser2, context =>
        {
            context.Cancel = true;
            _ = card.CutPowerAsync();
        });
    }

    private DeviceModel(RecordingBlockDevice recorder) => _recorder = recorder;

    public IBlockDevice Device => _card is not null ? _card : _recorder!;

    public static DeviceModel Attach(IBlockDevice device, DeviceModelSettings settings, Seams seams)
    {
        if (settings.Recording is { } recording)
        {
            return new DeviceModel(RecordingBlockDevice.Create(device, recording));
        }
        ulong seed = settings.Seed ?? seams.Random.NextUInt64() >> 1;
        CardOptions options = settings.Card! with { Seed = seed };
        seams.Log.Write(LogSeverity.Info, $"the device is modelled as an SD card, seed={seed}: SIGUSR2 to process {Environment.ProcessId} cuts its power");
        return new DeviceModel(new CardBlockDevice(device, options, seams.Clock, result => End(result, seams.Log)));
    }

    /// <summary>After an orderly close.</summary>
    public async ValueTask<int> SettleAsync() => _card is null ? 0 : await _card.SettleAsync().ConfigureAwait(false);

    public void Dispose()
    {
        _cutSignal?.Dispose();
        _card?.Dispose();
        _recorder?.Dispose();
    }

    /// <summary>At once: no finalizer, no flush, no unmount.</summary>
    private static void End(int result, ILogSink log)
    {
        if (result != 0)
        {
            log.Write(LogSeverity.Error, $"the power cut could not be written to the image: errno {-result}");
        }
        HostLibC.ExitNow(result == 0 ? ExitCodes.PowerCut : ExitCodes.IoError);
    }
}
