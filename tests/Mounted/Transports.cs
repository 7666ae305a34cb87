using Xunit;

namespace Txlfs.Tests.Mounted;

/// <summary>The transports that this machine can run: /dev/fuse always, io_uring where the kernel has it (switched on for the tests, and off again).</summary>
public sealed class Transports : TheoryData<string>
{
    private const string Parameter = "/sys/module/fuse/parameters/enable_uring";
    private static readonly bool HasUring = TryEnableUring();

    public Transports()
    {
        Add("dev");
        if (HasUring)
        {
            Add("uring");
        }
    }

    private static bool TryEnableUring()
    {
        if (!File.Exists(Parameter))
        {
            return false;
        }
        if (File.ReadAllText(Parameter).StartsWith('Y'))
        {
            return true;
        }
        try
        {
            File.WriteAllText(Parameter, "Y");
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return false;
        }
        AppDomain.CurrentDomain.ProcessExit += (_, _) => File.WriteAllText(Parameter, "N");
        return true;
    }
}
