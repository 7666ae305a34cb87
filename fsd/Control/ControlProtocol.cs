namespace Txlfs.Fsd.Control;

/// <summary>
/// What daemon and tools say to each other over a mount's socket: lines of JSON, one request at a time on a connection.
/// <code>
/// -> {"v":1,"command":"check","data":true}
/// &lt;- {"event":"progress","what":"Index","done":4096,"total":81920}     any number, also none
/// &lt;- {"event":"finding","kind":"LinkCount","severity":"Error","text":...}   any number, also none
/// &lt;- {"event":"result","value":{...}}                                    or {"event":"error","code":69,"message":"..."}; the last line
/// </code>
/// A request that breaks a bound or the grammar gets an error and the connection ends. A client that goes, or says anything while its command runs, cancels it.
/// </summary>
public static class ControlProtocol
{
    public const int Version = 1;

    /// <summary>Connections served at once; one more is told so and closed.</summary>
    public const int MaxConnections = 8;

    public const int MaxRequestBytes = 4096;
    public const int MaxReplyLineBytes = 256 * 1024;
    public const int MaxDepth = 8;

    /// <summary>The longest that a connection may be silent between two commands, or in the middle of a line.</summary>
    public const int IdleTimeoutMs = 60_000;

    /// <summary>The longest that one line may wait for its client to take it.</summary>
    public const int SendTimeoutMs = 30_000;
}
