"""SQLite: money moves between accounts, one numbered transaction after the other.

synchronous=FULL with a write-ahead log; EXTRA with a rollback journal, which is committed by an unlink: only EXTRA makes that durable.

After a cut the database is whole, no money is lost, every acknowledged transaction is there, and at most the one in flight more.
"""
import random
import sqlite3
import os

from .ledger import Ledger

ACCOUNTS = 50
KEPT = 1000


class SqliteBank:
    def __init__(self, journal_mode):
        self.name = "sqlite-" + ("wal" if journal_mode == "wal" else "rollback")
        self.journal_mode = journal_mode
        self.synchronous = "FULL" if journal_mode == "wal" else "EXTRA"

    def open(self, directory):
        database = sqlite3.connect(os.path.join(directory, "bank.db"), isolation_level=None, timeout=60)
        database.execute(f"PRAGMA journal_mode={self.journal_mode}")
        database.execute(f"PRAGMA synchronous={self.synchronous}")
        return database

    def write(self, directory, ledger_path, seed):
        ledger, chooser = Ledger(ledger_path, directory), random.Random(seed)
        database = self.open(directory)
        self.create(database)
        last = newest(database)
        while True:
            last += 1
            giver, taker = chooser.sample(range(ACCOUNTS), 2)
            database.execute("BEGIN IMMEDIATE")
            database.execute("UPDATE account SET money = money - 1 WHERE id = ?", (giver,))
            database.execute("UPDATE account SET money = money + 1 WHERE id = ?", (taker,))
            database.execute("INSERT INTO moved VALUES (?, ?)", (last, chooser.randbytes(chooser.randrange(10, 3000))))
            database.execute("DELETE FROM moved WHERE id <= ?", (last - KEPT,))
            database.execute("COMMIT")
            ledger.append("ack", last)

    @staticmethod
    def create(database):
        database.execute("BEGIN IMMEDIATE")
        database.execute("CREATE TABLE IF NOT EXISTS account (id INTEGER PRIMARY KEY, money INTEGER)")
        database.execute("CREATE TABLE IF NOT EXISTS moved (id INTEGER PRIMARY KEY, note BLOB)")
        database.executemany("INSERT OR IGNORE INTO account VALUES (?, 1000)", [(i,) for i in range(ACCOUNTS)])
        database.execute("COMMIT")

    def check(self, directory, ledger_path):
        ledger = Ledger(ledger_path)
        acknowledged = max((int(value[0]) for value in ledger.values("ack")), default=0)
        if not os.path.exists(os.path.join(directory, "bank.db")):
            return [f"the database is gone after {acknowledged} acknowledged transactions"] if acknowledged else []
        database = self.open(directory)
        try:
            problems = self.problems(database, acknowledged)
            if not problems and acknowledged:
                # The one that was in flight counts from here on: the volume is unmounted in order before the next cut.
                ledger.replace([("ack", newest(database))])
            return problems
        except sqlite3.Error as error:
            return [f"SQLite says: {error}"]
        finally:
            database.close()

    @staticmethod
    def problems(database, acknowledged):
        problems = [f"integrity_check: {row[0]}" for row in database.execute("PRAGMA integrity_check") if row[0] != "ok"]
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master")]
        if "moved" not in tables:
            return problems + ([f"the tables are gone after {acknowledged} acknowledged transactions"] if acknowledged else [])
        last = newest(database)
        if not acknowledged <= last <= acknowledged + 1:
            problems.append(f"the newest transaction is {last}, acknowledged were {acknowledged}")
        count = database.execute("SELECT COUNT(*) FROM moved").fetchone()[0]
        if count != min(last, KEPT):
            problems.append(f"{count} transactions are there instead of {min(last, KEPT)}")
        money = database.execute("SELECT SUM(money) FROM account").fetchone()[0]
        if money != ACCOUNTS * 1000:
            problems.append(f"the accounts hold {money}")
        return problems


def newest(database):
    return database.execute("SELECT COALESCE(MAX(id), 0) FROM moved").fetchone()[0]
