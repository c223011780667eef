"""What the long runs share: Filo's release programs, databases of their own, and what a database says of itself."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RELEASE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "release"
CALLS = ("import", "calls", "--source", "pbx-020202", "--format", "asterisk-queue-log")
MAIL = ("import", "mail", "--mailbox", "urp")
# Every day that the generated inputs have, and more.
DAYS = ("--from", "2025-01-01", "--to", "2027-01-01")
EXPORTS = ("interactions", "calls", "tickets", "events", "persons")
# What two imports of one input may differ in: ids, salted seals and their chain, and when they ran.
OF_ONE_RUN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|\b[0-9a-f]{64}\b")
INSTANTS_OF_THE_RUN = {
    "recorded_at", "created_at", "updated_at", "linked_at", "generated_at", "as_of", "chain_root",
}


class Wrong(Exception):
    """A long run found a difference, or a program failed."""


def generate(*arguments):
    """Runs filo-bench."""
    subprocess.run([RELEASE / "filo-bench", *map(str, arguments)], check=True)


class Database:
    """A database of its own with a folder for its keys; dropped at the end."""

    def __init__(self, url, folder):
        self.url, self.folder = url, folder

    def start(self, *arguments, errors=subprocess.DEVNULL):
        """Starts a command of Filo."""
        environment = {**os.environ, "DATABASE_URL": self.url, "FILO__DATA_DIR": str(self.folder)}
        return subprocess.Popen(
            [RELEASE / "filo", "--config", ROOT / "config/filo.toml", *map(str, arguments)],
            env=environment, stdout=subprocess.PIPE, stderr=errors,
        )

    def run(self, *arguments, codes=(0,)):
        """Runs a command of Filo to its end; gives what it printed, its seconds and its largest memory in MiB."""
        with tempfile.TemporaryFile() as errors:
            started = time.monotonic()
            process = self.start(*arguments, errors=errors)
            out = process.stdout.read()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.monotonic() - started
            if process.returncode not in codes:
                errors.seek(0)
                command, said = " ".join(map(str, arguments)), errors.read().decode(errors="replace")
                raise Wrong(f"filo {command} ended with {process.returncode}: {said}")
        return out, seconds, used.ru_maxrss / 1024

    def said(self):
        """Everything a database says of itself, without what belongs to a run: what to compare, by name."""
        said = {}
        for what in EXPORTS:
            out, *_ = self.run("export", what, *DAYS, "--format", "jsonl")
            lines = sorted(json.dumps(of_no_run(json.loads(line)), sort_keys=True) for line in out.splitlines())
            said[what] = {"lines": len(lines), "sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest()}
        report, *_ = self.run("report", "2026-10", "--format", "json")
        said["report"] = of_no_run(json.loads(report))
        self.run("verify")
        return said


def of_no_run(value):
    """A JSON value without ids and instants of a run."""
    if isinstance(value, dict):
        return {key: of_no_run(inner) for key, inner in value.items() if key not in INSTANTS_OF_THE_RUN}
    if isinstance(value, list):
        return [of_no_run(inner) for inner in value]
    return OF_ONE_RUN.sub("(of one run)", value) if isinstance(value, str) else value


class Sqlite:
    """Makes embedded databases."""

    name = "SQLite"

    def __init__(self, folder):
        self.folder = folder

    def new(self):
        folder = self.folder / uuid.uuid4().hex
        folder.mkdir()
        return Database(f"sqlite:{folder / 'filo.db'}", folder)

    def drop(self, database):
        shutil.rmtree(database.folder)


class Postgres:
    """Makes databases on the server of scripts/with-postgres."""

    name = "PostgreSQL"

    def __init__(self, folder, server):
        self.folder, self.server = folder, server
        # Debian keeps the client beside the server and out of the PATH.
        beside = sorted(Path("/usr/lib/postgresql").glob("*/bin/psql"))
        self.psql = str(beside[-1]) if beside else "psql"

    def sql(self, statement):
        command = [self.psql, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--command", statement, self.server]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def new(self):
        name = f"filo_long_{uuid.uuid4().hex}"
        self.sql(f'CREATE DATABASE "{name}"')
        folder = self.folder / name
        folder.mkdir()
        database = Database(f"{self.server.rpartition('/')[0]}/{name}", folder)
        database.run("migrate")
        return database

    def drop(self, database):
        self.sql(f'DROP DATABASE "{database.url.rpartition("/")[2]}" WITH (FORCE)')
        shutil.rmtree(database.folder)


def backends(folder):
    """Both databases; where no server is given it says so."""
    server = os.environ.get("FILO_TEST_POSTGRES")
    if not server:
        print("not checked: PostgreSQL (run it by scripts/with-postgres)")
    return [Sqlite(folder)] + ([Postgres(folder, server)] if server else [])
