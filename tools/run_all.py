"""Start web, worker and beat together; stop them together; start again, ever more patiently, the one that died.

Each child has a session of its own, so that Ctrl-C reaches this process only, which then stops all in good order: ten
seconds to end what they are at, then they are killed. A second Ctrl-C kills at once.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

STOP_SECONDS = 10.0
#: A child that lived this long had started well: its next death begins the patience anew.
WELL_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 30.0
COLOURS = (36, 33, 35, 32)

Write = Callable[[str], None]


@dataclass
class Child:
    """One of the processes: what starts it, the process of the moment, how often it died of late."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[str] | None = None
    started: float = 0.0
    deaths: int = 0
    start_at: float = 0.0
    reader: threading.Thread | None = field(default=None, repr=False)

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Keeps the children running until it is told to stop.

    :param write: where lines go, the children's (with their name before them) and its own
    """

    def __init__(self, commands: Mapping[str, Sequence[str]], *, environment: Mapping[str, str], write: Write) -> None:
        self.children = [Child(name, command) for name, command in commands.items()]
        self._environment = dict(environment)
        self._write = write
        self._width = max(len(child.name) for child in self.children)
        self._colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._stop = threading.Event()
        self._kill = threading.Event()

    def run(self, *, on_started: Callable[[Supervisor], None] | None = None) -> int:
        """Start all, watch them, return when all have stopped: 0 if that was asked for."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)
        try:
            for child in self.children:
                self._start(child)
            if on_started:
                threading.Thread(target=on_started, args=(self,), daemon=True).start()
            while not self._stop.wait(0.3):
                for child in self.children:
                    self._watch(child)
        finally:
            self._stop_all()
        return 0

    @property
    def is_stopping(self) -> bool:
        return self._stop.is_set()

    def _asked_to_stop(self, _number: int, _frame: object) -> None:
        if self._stop.is_set():
            self._kill.set()
        self._stop.set()

    def _start(self, child: Child) -> None:
        child.process = subprocess.Popen(
            child.command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
        child.started = time.monotonic()
        child.reader = threading.Thread(target=self._copy_lines, args=(child, child.process), daemon=True)
        child.reader.start()

    def _watch(self, child: Child) -> None:
        """Start a child again that died, after a pause that doubles with each death."""
        now = time.monotonic()
        if child.is_running():
            return
        if child.process is not None:
            status = child.process.returncode
            child.deaths = 1 if now - child.started > WELL_SECONDS else child.deaths + 1
            pause = min(2.0 ** (child.deaths - 1), LONGEST_PAUSE_SECONDS)
            child.start_at = now + pause
            how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with {status}"
            self._line(child.name, f"{how}; starting it again in {pause:.0f} s")
            # What it had started itself (gunicorn's and celery's own children) must not live on beside the new one.
            _signal_group(child.process, signal.SIGKILL)
            child.process = None
        elif now >= child.start_at:
            self._start(child)

    def _stop_all(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            if process.poll() is None:
                process.terminate()
        until = time.monotonic() + STOP_SECONDS
        while any(process.poll() is None for process in running) and time.monotonic() < until and not self._kill.is_set():
            time.sleep(0.05)
        for process in running:
            _signal_group(process, signal.SIGKILL)
            process.wait()
        for child in self.children:
            if child.reader:
                child.reader.join(timeout=1)

    def _copy_lines(self, child: Child, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._line(child.name, line.rstrip("\n"))

    def _line(self, name: str, text: str) -> None:
        prefix = f"{name:<{self._width}} |"
        if self._colours:
            colour = COLOURS[[child.name for child in self.children].index(name) % len(COLOURS)]
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        self._write(f"{prefix} {text}")


def _signal_group(process: subprocess.Popen[str], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _end_with_parent() -> None:
    """Ask Linux to end this child when the supervisor is gone, even if that was killed without a chance to say so."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)
