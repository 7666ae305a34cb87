using Txlfs.Journal.Frames;
using Txlfs.Lfs;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Fuzz.Images;

/// <summary>Wrong frames and wrong commits in a chain whose checksums hold.</summary>
internal static class LogMutations
{
    private static readonly (int Offset, int Width)[] HeaderFields =
    [
        (8, 2), (10, 1), (11, 1), (12, 1), (32, 8), (40, 8), (48, 8), (56, 8), (64, 4), (68, 4), (72, 4), (76, 4), (80, 4), (88, 8), (96, 8), (104, 8), (104, 8), (112, 8),
    ];

    public static string ChangeFrameHeader(ImageEditor editor, SeededRandom random)
    {
        var chain = new FrameChain(editor);
        if (chain.Count == 0)
        {
            return AppendFrame(editor, random);
        }
        int index = random.Below(chain.Count);
        byte[] frame = chain.Frame(index);
        (int offset, int width) = random.Pick(HeaderFields);
        HostileNumbers.Change(random, frame, offset, width);
        chain.Put(index, frame);
        return $"frame {index}: header field at {offset}";
    }

    /// <summary>Extent table, redo as stored, or data: the tail's digest is put right, the extents' are not.</summary>
    public static string ChangeFrameTail(ImageEditor editor, SeededRandom random)
    {
        var chain = new FrameChain(editor);
        if (chain.Count == 0)
        {
            return AppendFrame(editor, random);
        }
        int index = random.Below(chain.Count);
        byte[] frame = chain.Frame(index);
        FrameHeader header = chain.Header(index);
        string what = HostileNumbers.ChangeAnywhere(random, frame.AsSpan(header.TailOffset, header.TailBytes));
        chain.Put(index, frame);
        return $"frame {index}: tail, {what}";
    }

    /// <summary>The redo before compression: commit headers, keys, lengths, values.</summary>
    public static string ChangeRedo(ImageEditor editor, SeededRandom random)
    {
        var chain = new FrameChain(editor);
        for (int tries = 0; tries < 8 && chain.Count > 0; tries++)
        {
            int index = random.Below(chain.Count);
            byte[] redo = chain.Redo(index);
            if (redo.Length == 0)
            {
                continue;
            }
            string what = HostileNumbers.ChangeAnywhere(random, random.OneIn(2) ? redo : redo.AsSpan(0, Math.Min(redo.Length, CommitHeader.SizeBytes + RedoCodec.MutationBytes)));
            if (chain.TryPutRedo(index, redo))
            {
                return $"frame {index}: redo, {what}";
            }
        }
        return AppendFrame(editor, random);
    }

    /// <summary>One more frame with commits that no volume would write: records that are wrong, keys that are not there, numbers out of range.</summary>
    public static string AppendFrame(ImageEditor editor, SeededRandom random)
    {
        var chain = new FrameChain(editor);
        ulong csn = LastCsn(editor, chain);
        List<ulong> inodes = IndexMutations.Inodes(editor);
        List<(Key Key, byte[] Value)> records = AllRecords(editor);
        var redo = new List<byte>();
        int commits = random.Between(1, 4);
        var batch = new MutationBatch();
        var encoded = new byte[RedoCodec.MaxCommitBytes];
        for (int i = 0; i < commits; i++)
        {
            batch.Clear();
            FillBatch(batch, random, records, inodes, csn + 1);
            ulong number = random.OneIn(12) ? HostileNumbers.Draw(random, csn + 1) : csn + 1;
            ulong next = random.OneIn(12) ? HostileNumbers.Draw(random, editor.Record.NextInode) : editor.Record.NextInode + 1000;
            int length = RedoCodec.Encode(batch, (CommitKind)random.Below(32), number, 0, Operation.Root, next, encoded);
            redo.AddRange(encoded.AsSpan(0, length));
            csn++;
        }
        if (redo.Count > FrameLimits.MaxRedoBytes / 2)
        {
            return "nothing (too much redo)";
        }
        chain.Append([.. redo], header => ChangeHeader(random, header));
        return $"a frame of {commits} hostile commits";
    }

    private static FrameHeader ChangeHeader(SeededRandom random, FrameHeader header) => random.Below(12) switch
    {
        0 => header with { SuccessorAddressBytes = (long)HostileNumbers.Draw(random, (ulong)header.AddressBytes) },
        1 => header with { SuccessorAddressBytes = random.Between(1, 12) * (2L << 20) },
        2 => header with { DurableSequence = HostileNumbers.Draw(random, header.Sequence) },
        3 => header with { LastCsn = HostileNumbers.Draw(random, header.LastCsn) },
        _ => header,
    };

    private static void FillBatch(MutationBatch batch, SeededRandom random, List<(Key Key, byte[] Value)> records, List<ulong> inodes, ulong csn)
    {
        for (int i = random.Between(1, random.OneIn(8) ? 60 : 4); i > 0 && batch.RoomMutations > 0; i--)
        {
            (Key key, byte[] value) = random.Pick(records);
            if (random.OneIn(4))
            {
                batch.Delete(key);
                continue;
            }
            (Key changedKey, byte[] changed) = RecordChanger.Change(random, key, value, inodes);
            batch.Put(changedKey, changed, csn);
        }
    }

    private static List<(Key Key, byte[] Value)> AllRecords(ImageEditor editor)
        => [.. editor.TreePages().Select(id => editor.Page(PageId.Tree(id))!).Where(page => LeafRecords.IsLeaf(page)).Take(20).SelectMany(page => LeafRecords.Read(page))];

    private static ulong LastCsn(ImageEditor editor, FrameChain chain)
    {
        for (int i = chain.Count - 1; i >= 0; i--)
        {
            if (chain.Header(i).LastCsn != 0)
            {
                return chain.Header(i).LastCsn;
            }
        }
        return editor.Record.Csn;
    }
}
