using System.Runtime.InteropServices;
using System.Text;

namespace Txlfs.Fsd.Host;

/// <summary>NUL-terminated UTF-8 strings and NULL-terminated lists of them, for exec.</summary>
internal sealed unsafe class NativeStrings : IDisposable
{
    private readonly byte** _list;
    private readonly int _count;

    public NativeStrings(IReadOnlyList<string> texts)
    {
        _count = texts.Count;
        _list = (byte**)NativeMemory.AllocZeroed((nuint)(_count + 1), (nuint)sizeof(byte*));
        for (int i = 0; i < _count; i++)
        {
            int lengthBytes = Encoding.UTF8.GetByteCount(texts[i]);
            _list[i] = (byte*)NativeMemory.AllocZeroed((nuint)lengthBytes + 1);
            Encoding.UTF8.GetBytes(texts[i], new Span<byte>(_list[i], lengthBytes));
        }
    }

    public byte** List => _list;

    /// <summary>This process's environment with some variables set anew.</summary>
    public static NativeStrings Environment(IEnumerable<KeyValuePair<string, string>> additions)
    {
        Dictionary<string, string> variables = [];
        foreach (System.Collections.DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
        {
            variables[(string)variable.Key] = (string)(variable.Value ?? "");
        }
        foreach ((string name, string value) in additions)
        {
            variables[name] = value;
        }
        return new NativeStrings([.. variables.Select(variable => $"{variable.Key}={variable.Value}")]);
    }

    public void Dispose()
    {
        for (int i = 0; i < _count; i++)
        {
            NativeMemory.Free(_list[i]);
        }
        NativeMemory.Free(_list);
    }
}
