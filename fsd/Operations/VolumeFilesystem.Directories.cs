using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Journal;
using Txlfs.Journal.Device;

namespace Txlfs.Fsd.Operations;

public sealed partial class VolumeFilesystem
{
    private void ReadDirectory(FuseRequest request, bool isPlus)
    {
        if (!Requests.TryArguments(request, out FuseReadIn arguments))
        {
            request.Complete(Errno.EINVAL, 0);
            return;
        }
        NativeSlice memory = request.ReplyMemory;
        memory = memory.Slice(0, (int)Math.Min(arguments.SizeBytes, (uint)memory.LengthBytes));
        DirectorySink sink = _sinks.Rent(memory, isPlus, _accessTimes);
        request.State = sink;
        Finish(request, _volume.ReadDirectoryAsync(request.NodeId, arguments.OffsetBytes, sink), static (self, request, result) =>
        {
            DirectorySink sink = (DirectorySink)request.State!;
            if (result >= 0 && sink.TryGetOwnAttributes(out var attributes))
            {
                self._accessTimes.Opened(attributes);
            }
            Complete(request, result < 0 ? -result : 0, sink.WrittenBytes);
        });
    }
}
