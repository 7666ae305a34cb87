"""What a program was told is safe, kept outside of the volume: the daemon's power goes, this machine's does not."""
import os


class Ledger:
    """Lines of words, each appended by one write."""

    def __init__(self, path, volume=None):
        self.path = path
        self.volume = volume

    def append(self, *words):
        """Only while the volume has power. A program that passes over an error of the dead mount would claim what no machine without power
        could (SQLite does, when it cannot open the directory that it wants to sync); asking for the free space always reaches the daemon."""
        if self.volume is not None:
            os.statvfs(self.volume)
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(file, (" ".join(map(str, words)) + "\n").encode())
        finally:
            os.close(file)

    def lines(self):
        if not os.path.exists(self.path):
            return []
        with open(self.path) as file:
            return [line.split() for line in file]

    def values(self, kind):
        """The rest of every line that begins with the word."""
        return [line[1:] for line in self.lines() if line[0] == kind]

    def replace(self, lines):
        """Forgets what is no longer needed, so that it does not grow with every cut."""
        with open(self.path + ".new", "w") as file:
            file.writelines(" ".join(map(str, line)) + "\n" for line in lines)
        os.rename(self.path + ".new", self.path)


def content(name, least, most):
    """Bytes that follow from a name, half of them compressible."""
    import random
    chooser = random.Random(name)
    length = chooser.randrange(least, most)
    noise = chooser.randbytes(length // 2)
    return noise + (name * (length // len(name) + 1)).encode()[:length - len(noise)]


def sync_directory(path):
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
