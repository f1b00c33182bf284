"""Make `.venv` and install the pinned requirements into it; done already, it says nothing and takes no time.

Run by `tools/set_up.sh` with a Python of the machine, so only the standard library is here. A stamp inside `.venv` is
written after everything went well and holds what it was made from, so an install that was broken off is taken up again.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
OLDEST_SQLITE = (3, 39, 0)


def main() -> int:
    """Bring `.venv` up to date and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="with what the tests and checks need")
    parser.add_argument("--chosen", action="store_true", help="this Python was asked for: a .venv of another one is made anew")
    options = parser.parse_args()
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        print(
            f"This Python ({sys.executable}) brings SQLite {sqlite3.sqlite_version}; riskops needs 3.39 or newer.\n"
            "Use a newer Python build (make setup PYTHON=/path/to/python3.12): python.org's bring their own SQLite.",
            file=sys.stderr,
        )
        return 2
    try:
        with _only_one_at_a_time():
            _make_venv(chosen=options.chosen)
            _install("requirements-dev.txt" if options.dev else "requirements.txt")
    except subprocess.CalledProcessError as failure:
        print(f"Set-up stopped: `{' '.join(map(str, failure.cmd))}` ended with {failure.returncode}.", file=sys.stderr)
        print("Mend what the lines above say, then run the same command again: it goes on where it stopped.", file=sys.stderr)
        return 1
    return 0


class _only_one_at_a_time:
    """Wait until no other set-up works on this folder."""

    def __enter__(self) -> None:
        (ROOT / "var").mkdir(exist_ok=True)
        self._lock = (ROOT / "var" / "set_up.lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._lock.close()


def _make_venv(*, chosen: bool) -> None:
    """Make `.venv` unless one is there that runs and, where a Python was chosen, is of that Python."""
    found = _version_of(VENV_PYTHON)
    wanted = platform.python_version()
    if found and (found == wanted or not chosen):
        return
    if VENV.exists():
        print(f"Making .venv anew ({found or 'broken'} → Python {wanted})", flush=True)
        shutil.rmtree(VENV)
    else:
        print(f"Making .venv with Python {wanted} ({sys.executable})", flush=True)
    # Run from the interpreter outside of any venv: `.venv/bin/python` cannot make itself.
    maker = getattr(sys, "_base_executable", sys.executable)
    made = subprocess.run([maker, "-m", "venv", str(VENV)])
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        print("Python could not make a virtual environment. Debian and Ubuntu: apt-get install python3-venv", file=sys.stderr)
        raise subprocess.CalledProcessError(made.returncode, made.args)


def _version_of(python: Path) -> str:
    """Return the version of a `.venv` Python that can install packages, "" if there is none."""
    try:
        answer = subprocess.run(
            [python, "-c", "import pip, platform; print(platform.python_version())"], capture_output=True, text=True, timeout=60
        )
    except OSError:
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _install(requirements: str) -> None:
    """Install a requirements file unless its stamp says it has been."""
    stamp = VENV / f".installed-{requirements}"
    content = (ROOT / requirements).read_bytes()
    made_from = hashlib.sha256(content + (_version_of(VENV_PYTHON)).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == made_from:
        return
    print(f"Installing {requirements} (once; about a minute) …", flush=True)
    # Only this install is then known to be whole: another file may have left other versions.
    for other in VENV.glob(".installed-*"):
        other.unlink()
    environment = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    command: list[str | Path] = [VENV_PYTHON, "-m", "pip", "install", "-qq", "--requirement", ROOT / requirements]
    subprocess.run(command, check=True, cwd=ROOT, env=environment)
    stamp.write_text(made_from)
    if requirements == "requirements-dev.txt":
        # The development file holds every line of the other one (tests/house/test_requirements.py).
        runtime = (ROOT / "requirements.txt").read_bytes()
        version = _version_of(VENV_PYTHON)
        (VENV / ".installed-requirements.txt").write_text(hashlib.sha256(runtime + version.encode()).hexdigest())


if __name__ == "__main__":
    sys.exit(main())
