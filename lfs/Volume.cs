using Txlfs.Lfs.Namespace;

namespace Txlfs.Lfs;

public sealed partial class Volume
{
    internal Volume(IEngine engine) => _namespace = new FileNamespace(engine);
}
