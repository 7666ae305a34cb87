"""A mail spool: write into tmp/, fsync, rename into new/, fsync the directory, acknowledge.

After a cut every acknowledged mail is there, and every mail in new/ is whole, acknowledged or not.
"""
import os

from .ledger import Ledger, content, sync_directory

KEPT = 300
LEAST, MOST = 100, 60_000


class MailSpool:
    name = "mail-spool"

    def write(self, directory, ledger_path, seed):
        ledger = Ledger(ledger_path, directory)
        temporary, new = os.path.join(directory, "tmp"), os.path.join(directory, "new")
        for folder in (temporary, new):
            os.makedirs(folder, exist_ok=True)
        kept = sorted(os.listdir(new), key=lambda name: int(name.split("-")[0]))
        number = int(kept[-1].split("-")[0]) if kept else 0
        while True:
            number += 1
            name = f"{number}-{seed}"
            self.deliver(os.path.join(temporary, name), os.path.join(new, name), content(name, LEAST, MOST))
            sync_directory(new)
            ledger.append("ack", name)
            kept.append(name)
            if len(kept) > KEPT:
                ledger.append("fetched", kept[0])
                os.unlink(os.path.join(new, kept.pop(0)))

    @staticmethod
    def deliver(temporary, final, mail):
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            for start in range(0, len(mail), 10_000):
                os.write(file, mail[start:start + 10_000])
            os.fsync(file)
        finally:
            os.close(file)
        os.rename(temporary, final)

    def check(self, directory, ledger_path):
        ledger = Ledger(ledger_path)
        new = os.path.join(directory, "new")
        fetched = {value[0] for value in ledger.values("fetched")}
        expected = {value[0] for value in ledger.values("ack")} - fetched
        present = set(os.listdir(new)) if os.path.isdir(new) else set()
        problems = [f"the acknowledged mail {name} is gone" for name in sorted(expected - present)]
        for name in present:
            with open(os.path.join(new, name), "rb") as file:
                mail = file.read()
            if mail != content(name, LEAST, MOST):
                problems.append(f"the mail {name} is not what was written ({len(mail)} bytes)")
        ledger.replace([("ack", name) for name in sorted(expected)])
        for left in os.listdir(os.path.join(directory, "tmp")) if os.path.isdir(os.path.join(directory, "tmp")) else []:
            os.unlink(os.path.join(directory, "tmp", left))
        return problems
