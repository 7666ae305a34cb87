namespace Txlfs.Cli; internal static class Program { private static int Main() => 70; }
