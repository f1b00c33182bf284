"""Run commands one after the other, say what each is, how long it took, and what failed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
#: collections/ is a source root: tools that start no Django find it on the path.
ENVIRONMENT = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'collections'}"}


@dataclass(frozen=True, slots=True)
class Step:
    """A command with the words for it."""

    label: str
    command: Sequence[str | Path]


def run(steps: Sequence[Step]) -> list[str]:
    """Run every step, also after one has failed, and return the labels of those that failed.

    What a step prints is shown only if it failed: a clean run is one line a step.
    """
    failed = []
    for step in steps:
        started = time.monotonic()
        result = subprocess.run(
            step.command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        took = time.monotonic() - started
        print(f"{'FAILED' if result.returncode else 'ok':7}{step.label} ({took:.1f} s)", flush=True)
        if result.returncode:
            failed.append(step.label)
            print(f"       $ {' '.join(str(part) for part in step.command)}")
            print("       " + result.stdout.rstrip().replace("\n", "\n       "), flush=True)
    return failed
