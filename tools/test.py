"""Run the checks, then every test that needs no server; `--deep` adds the slow ones and looks at many more random books."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from tools import check
from tools.steps import ROOT


def main() -> int:
    """Return 0 if every check and every test passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deep", action="store_true", help="an hour instead of minutes")
    parser.add_argument("paths", nargs="*", help="only these tests (the checks run all the same)")
    options = parser.parse_args()

    checks = check.main()
    # Servers named in the environment or in .env are for running the site; the tests of this command need none.
    environment = os.environ | {
        "HYPOTHESIS_PROFILE": "deep" if options.deep else "default",
        "DATABASE_URL": "",
        "REDIS_URL": "",
    }
    # Both cores of a small machine halve the time; more than four workers spend it on making databases.
    workers = str(min(os.cpu_count() or 1, 4))
    command = [sys.executable, "-m", "pytest", "-n", workers, "--dist", "loadgroup", *options.paths]
    if options.deep:
        command += ["--timeout", "3600"]
    else:
        command += ["-m", "not slow"]
    tests = subprocess.run(command, cwd=ROOT, env=environment).returncode
    if checks and not tests:
        print("make test: the tests passed, but a check above failed")
    return tests or checks


if __name__ == "__main__":
    sys.exit(main())
