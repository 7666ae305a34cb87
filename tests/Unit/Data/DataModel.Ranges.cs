namespace Txlfs.Tests.Unit.Data;

internal sealed partial class DataModel
{
    private void StepMore(int file) => Read(file);
}
