namespace Txlfs.Journal.Device.Files;

/// <summary>Performs requests on one descriptor.</summary>
internal interface IIoEngine : IDisposable
{
    string Name { get; }

    /// <summary>Takes the request without blocking; its <see cref="IoRequest.Complete"/> is called once it is done, never on this stack.</summary>
    void Submit(IoRequest request);
}
