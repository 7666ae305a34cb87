"""git: commits with core.fsync=all.

Git does not make the last rename (of the reference) durable, so the writer does, by an fsync of the directory, before it counts a commit
as the branch's. After a cut `git fsck` finds nothing broken, every acknowledged commit is there, and the branch is at the last one or the
one in flight.
"""
import glob
import os
import random
import shutil
import subprocess

from .ledger import Ledger, sync_directory

ENVIRONMENT = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "LC_ALL": "C",
               "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@a", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@a"}
MOST_COMMITS = 400


def git(repository, *arguments):
    done = subprocess.run(["git", "-c", "core.fsync=all", "-c", "gc.auto=0", "-C", repository, *arguments],
                          env=ENVIRONMENT, capture_output=True, text=True)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def must(repository, *arguments):
    code, output, errors = git(repository, *arguments)
    if code != 0:
        raise RuntimeError(f"git {' '.join(arguments)}: {errors}")
    return output


class GitCommits:
    name = "git"

    def write(self, directory, ledger_path, seed):
        ledger, chooser = Ledger(ledger_path, directory), random.Random(seed)
        repository = os.path.join(directory, "repository")
        if len(ledger.values("branch")) > MOST_COMMITS:
            ledger.replace([])
            shutil.rmtree(repository)
        os.makedirs(repository, exist_ok=True)
        must(repository, "init", "-q", "-b", "main")
        while True:
            with open(os.path.join(repository, f"file{chooser.randrange(30)}"), "w") as file:
                file.write(f"{chooser.random()}\n" * chooser.randrange(1, 2000))
            must(repository, "add", "-A")
            must(repository, "commit", "-q", "--allow-empty", "-m", f"{chooser.random()}")
            commit = must(repository, "rev-parse", "HEAD")
            ledger.append("object", commit)
            sync_directory(os.path.join(repository, ".git", "refs", "heads"))
            ledger.append("branch", commit)

    def check(self, directory, ledger_path):
        ledger = Ledger(ledger_path)
        repository = os.path.join(directory, "repository")
        branch = [value[0] for value in ledger.values("branch")]
        if not os.path.isdir(os.path.join(repository, ".git", "refs")):
            return [f"the repository is gone after {len(branch)} acknowledged commits"] if branch else []
        for lock in glob.glob(os.path.join(repository, ".git", "**", "*.lock"), recursive=True):
            os.unlink(lock)  # what git itself tells people to do after a crash
        problems = []
        code, output, errors = git(repository, "fsck", "--full", "--strict", "--no-dangling")
        if code != 0 and branch:
            problems.append(f"git fsck: {output} {errors}"[:1000])
        listed = subprocess.run(["git", "-C", repository, "cat-file", "--batch-check"], env=ENVIRONMENT, capture_output=True, text=True,
                                input="".join(value[0] + "\n" for value in ledger.values("object")))
        problems += [f"an acknowledged commit is not there: {line}" for line in listed.stdout.splitlines() if line.split()[1] != "commit"]
        if branch:
            problems += self.branch_problems(repository, branch[-1])
        if branch and not problems and must(repository, "rev-parse", "main") != branch[-1]:
            # The one that was in flight counts from here on: the volume is unmounted in order before the next cut.
            ledger.append("branch", must(repository, "rev-parse", "main"))
        return problems

    @staticmethod
    def branch_problems(repository, last):
        code, ahead, errors = git(repository, "rev-list", "--count", f"{last}..main")
        if code != 0:
            return [f"the branch cannot be walked: {errors}"]
        behind = git(repository, "merge-base", "--is-ancestor", last, "main")[0] != 0
        problems = [f"the branch is not at or after the acknowledged {last}"] if behind else []
        if int(ahead) > 1:
            problems.append(f"the branch is {ahead} commits after the last acknowledged one")
        code, _, errors = git(repository, "status", "--porcelain")
        return problems + ([f"git status: {errors}"] if code != 0 else [])
