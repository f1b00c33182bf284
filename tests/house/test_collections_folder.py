"""The folder `collections/` must never hide Python's own module: see docs/decisions/the-folder-called-collections.md."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SAY_WHERE = "import collections; print('collections is', collections.__file__)"


def output_of(*command: str, **environment: str) -> str:
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(command, cwd=ROOT, env=clean | environment, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout


def assert_pythons_own(output: str) -> None:
    line = next(line for line in output.splitlines() if line.startswith("collections is "))
    assert line.endswith(os.path.join("collections", "__init__.py"))
    assert str(ROOT / "collections") not in line


def test_the_folder_has_no_init_file():
    assert (ROOT / "collections" / "casework" / "__init__.py").exists()
    assert not (ROOT / "collections" / "__init__.py").exists()


def test_manage_py_sees_pythons_own_collections_and_our_apps():
    output = output_of(
        sys.executable, "manage.py", "shell", "--no-imports", "-c", f"{SAY_WHERE}; import casework; print(casework.__file__)"
    )
    assert_pythons_own(output)
    assert str(ROOT / "collections" / "casework" / "__init__.py") in output


def test_pytest_sees_pythons_own_collections():
    import collections

    import casework

    assert Path(collections.__file__).parent.parent != ROOT
    assert casework.__file__ == str(ROOT / "collections" / "casework" / "__init__.py")


@pytest.mark.parametrize(
    "door",
    ["from riskops.celery import app; app.loader.import_default_modules()", "from riskops.wsgi import application"],
    ids=["celery worker", "wsgi server"],
)
def test_workers_and_web_see_pythons_own_collections(door):
    assert_pythons_own(output_of(sys.executable, "-c", f"{door}; {SAY_WHERE}"))


def test_gunicorn_started_in_the_project_folder_sees_pythons_own_collections():
    """The folder of the project comes first on the path there."""
    output = output_of(
        sys.executable, "-m", "gunicorn", "--check-config", "--config", "gunicorn.conf.py", "riskops.wsgi",
        GUNICORN_CMD_ARGS="--no-control-socket",
    )  # fmt: skip
    assert "Traceback" not in output
