"""Processes of the site that need not load the libraries anew: forked from one that has, and has seen nothing of any site.

Most of the time in which such a process begins goes into loading Django and its like, and tests begin hundreds. A forked one is a
process like any other: in a session of its own, with its own environment, output and end, and it loads the settings and the site.

`python forking.py`, begun by a `Nursery`, reads what to run from its input and says the number of the process that runs it.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: What the site loads that does not ask for settings while it is loaded: here there are none, and asking is an error.
LIBRARIES = (
    "anymail.signals", "babel.dates", "babel.numbers", "celery.app", "celery.schedules", "cron_descriptor", "crontab",
    "cryptography.hazmat.primitives.ciphers.aead", "diff_match_patch", "django.conf.locale.zh_Hans.formats",
    "django.contrib.admin.options", "django.contrib.postgres.fields", "django.core.handlers.wsgi",
    "django.core.mail.backends.smtp", "django.core.management.commands.migrate", "django.db.backends.postgresql.base",
    "django.db.backends.sqlite3.base", "django.template.defaulttags", "django.template.loaders.app_directories",
    "django.template.loaders.cached", "django.views.debug", "django.views.generic", "django_htmx.middleware", "djangoql.parser",
    "environ", "holidays", "httpx", "import_export.formats.base_formats", "kombu.transport.filesystem",
    "kombu.transport.virtual", "numpy", "openpyxl", "psycopg", "redis", "requests", "structlog.dev",
    "whitenoise.middleware",
)  # fmt: skip


@dataclass(slots=True)
class Forked:
    """A process that was forked, asked like one of `subprocess.Popen`."""

    pid: int
    _end: Path
    returncode: int | None = None

    def poll(self) -> int | None:
        """Return its status, minus the signal that killed it; None while it runs."""
        if self.returncode is None and self._end.exists():
            self.returncode = int(self._end.read_text())
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Return its status when it has ended.

        :raises subprocess.TimeoutExpired: it has not by then
        """
        until = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.005)
        return status


class Nursery:
    """The process that the others are forked from; one for each process of tests, begun when the first is asked for."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._ends = Path(tempfile.mkdtemp(prefix="riskops-forked-"))
        atexit.register(shutil.rmtree, self._ends, ignore_errors=True)
        self._number = 0

    def begin(
        self, script: Path, words: Sequence[str], *, environment: dict[str, str], folder: Path, out: Path, err: Path
    ) -> Forked:
        """Begin a process that runs a script in a folder; what it says is added to two files, which may be the same."""
        if self._process is None:
            clean = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
            self._process = subprocess.Popen(
                [sys.executable, __file__], env=clean, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        assert self._process.stdin and self._process.stdout
        self._number += 1
        end = self._ends / str(self._number)
        asked = {
            "script": str(script), "words": list(words), "environment": environment, "folder": str(folder), "out": str(out),
            "err": str(err), "end": str(end),
        }  # fmt: skip
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return Forked(int(self._process.stdout.readline()), end)


NURSERY = Nursery()


def run(
    script: Path, words: Sequence[str], *, environment: dict[str, str], folder: Path, timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a script to its end, as `subprocess.run` with `capture_output` does.

    :raises subprocess.TimeoutExpired: it has not ended by then; it was killed
    """
    with tempfile.TemporaryDirectory(prefix="riskops-output-") as temporary:
        out, err = Path(temporary) / "out", Path(temporary) / "err"
        process = NURSERY.begin(script, words, environment=environment, folder=folder, out=out, err=err)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
        said = (out.read_text(errors="replace"), err.read_text(errors="replace"))
        return subprocess.CompletedProcess([str(script), *words], process.wait(timeout), *said)


# In the process that forks ---------------------------------------------------------------------------------------------


def main() -> None:
    """Fork what is asked for, until nobody asks any more; note how each one ended."""
    # Beside the tests there are modules called like libraries.
    sys.path[:] = [path for path in sys.path if Path(path or ".").resolve() != Path(__file__).resolve().parent]
    for name in LIBRARIES:
        # One that this machine lacks is missed, if at all, by the process that needs it.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()
    ends: dict[int, str] = {}
    # Read without a buffer: select sees what is there.
    lines = sys.stdin.fileno()
    rest = b""
    while True:
        if select.select([lines], [], [], 0.005 if ends else None)[0]:
            read = os.read(lines, 1 << 16)
            if not read:
                return
            *whole, rest = (rest + read).split(b"\n")
            for asked in map(json.loads, whole):
                pid = os.fork()
                if pid == 0:
                    _be(asked)
                ends[pid] = asked["end"]
                print(pid, flush=True)
        while ends:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            end = Path(ends.pop(pid))
            end.with_suffix(".new").write_text(str(os.waitstatus_to_exitcode(status)))
            end.with_suffix(".new").rename(end)


def _be(asked: dict[str, Any]) -> None:
    """Be the process that was asked for, to its end: nothing of this one's comes after."""
    status = 1
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        out, err = (os.open(asked[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) for name in ("out", "err"))
        for own, wanted in ((nothing, 0), (out, 1), (err, 2)):
            os.dup2(own, wanted)
            os.close(own)
        os.environ.clear()
        os.environ.update(asked["environment"])
        os.chdir(asked["folder"])
        script = asked["script"]
        sys.path.insert(0, str(Path(script).parent))
        sys.argv = [script, *asked["words"]]
        runpy.run_path(script, run_name="__main__")
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
