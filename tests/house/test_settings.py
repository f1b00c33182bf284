"""docs/settings.md lists every variable, and nothing else; a start with unusable settings says what is wrong."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
READERS = [ROOT / "riskops" / "settings" / "__init__.py", ROOT / "gunicorn.conf.py", ROOT / "tools" / "run.py"]
KEY = "ab" * 32


def variables_read(path: Path) -> set[str]:
    """Return the names read as `env.type("NAME", …)`, `os.environ.get("NAME", …)`."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        reader, first = ast.unparse(node.func), node.args[0]
        is_reading = reader == "os.environ.get" or reader in {
            f"env.{kind}" for kind in ("str", "int", "bool", "list", "float", "dict")
        }
        if is_reading and isinstance(first, ast.Constant):
            names.add(first.value)
    return names


def documented() -> dict[str, str]:
    """Return the default by variable, as docs/settings.md gives it."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) ?\| .+ \|$", (ROOT / "docs" / "settings.md").read_text(encoding="utf-8"), re.M)
    assert len(rows) == len(dict(rows)), "a variable is listed twice"
    return dict(rows)


def test_every_variable_read_is_documented_and_every_documented_one_is_read():
    assert set().union(*map(variables_read, READERS)) == set(documented())


def start(folder: Path, code: str = "pass", **environment: str) -> subprocess.CompletedProcess[str]:
    """Load the settings in a process of their own, with nothing set but this."""
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    # Empty and not absent: a developer's .env must not fill them in.
    unset = dict.fromkeys(("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PERSONAL_DATA_KEYS", "BLIND_INDEX_KEY"), "")
    return subprocess.run(
        [sys.executable, "-c", f"import riskops; from django.conf import settings; settings.DEBUG; {code}"],
        cwd=ROOT,
        env=clean | unset | {"RISKOPS_VAR": str(folder)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("variable", "expression"),
    [
        ("RISKOPS_ENVIRONMENT", "settings.ENVIRONMENT_NAME"),
        ("RISKOPS_TIME_ZONE", "settings.TIME_ZONE"),
        ("ALLOWED_HOSTS", "','.join(settings.ALLOWED_HOSTS)"),
        ("CONN_MAX_AGE", "settings.DATABASES['default']['CONN_MAX_AGE']"),
        ("IMPORT_MAX_BYTES", "settings.IMPORT_MAX_BYTES"),
        ("CLOSE_SHARD_ACCOUNTS", "settings.CLOSE_SHARD_ACCOUNTS"),
        ("CLOSE_LEASE_SECONDS", "settings.CLOSE_LEASE_SECONDS"),
        ("LOG_LEVEL", "settings.LOG_LEVEL"),
    ],
)
@pytest.mark.skipif((ROOT / ".env").exists(), reason="a .env file here changes the defaults")
def test_a_default_is_what_the_document_says(variable, expression, tmp_path):
    started = start(tmp_path, f"print({expression})")
    assert started.stdout.strip() == documented()[variable].strip("`"), started.stderr


def test_production_does_not_start_without_its_keys_and_makes_none(tmp_path):
    for missing in ("SECRET_KEY", "PERSONAL_DATA_KEYS", "BLIND_INDEX_KEY"):
        keys = {"SECRET_KEY": "x" * 50, "PERSONAL_DATA_KEYS": f"1:{KEY}", "BLIND_INDEX_KEY": KEY, missing: ""}
        started = start(tmp_path, RISKOPS_ENVIRONMENT="production", **keys)
        assert started.returncode != 0
        assert f"ImproperlyConfigured: {missing} is not set" in started.stderr
        assert not list(tmp_path.glob("*key*"))


def test_production_does_not_start_with_debug_pages(tmp_path):
    keys = {"SECRET_KEY": "x" * 50, "PERSONAL_DATA_KEYS": f"1:{KEY}", "BLIND_INDEX_KEY": KEY}
    assert start(tmp_path, RISKOPS_ENVIRONMENT="production", **keys).returncode == 0
    started = start(tmp_path, RISKOPS_ENVIRONMENT="production", DEBUG="yes", **keys)
    assert "ImproperlyConfigured: DEBUG is on" in started.stderr


def test_a_malformed_personal_data_key_is_refused_without_being_shown(tmp_path):
    started = start(tmp_path, PERSONAL_DATA_KEYS=f"2:{KEY},1:{KEY[:-1]}")
    assert "entry 2 of PERSONAL_DATA_KEYS" in started.stderr
    assert KEY[:-1] not in started.stderr


@pytest.mark.parametrize(
    ("keys", "said"),
    [(f"1:{KEY},1:{'cd' * 32}", "have one number"), (f"01:{KEY},1:{KEY}", "have one number"), (f"65536:{KEY}", "above 65535")],
)
def test_a_personal_data_key_whose_number_names_no_other_is_asked_for(tmp_path, keys, said):
    started = start(tmp_path, PERSONAL_DATA_KEYS=keys)
    assert started.returncode != 0
    assert said in started.stderr and KEY not in started.stderr


def test_processes_that_start_together_agree_on_the_local_keys(tmp_path):
    code = "print(settings.SECRET_KEY, settings.PERSONAL_DATA_KEYS, settings.BLIND_INDEX_KEY)"
    with ThreadPoolExecutor(4) as pool:
        answers = {started.stdout for started in pool.map(lambda _: start(tmp_path, code), range(4))}
    assert len(answers) == 1
    assert len(answers.pop().split()) == 3
    assert sorted(path.name for path in tmp_path.glob("*key*")) == ["blind_index_key", "personal_data_key", "secret_key"]


def test_local_keys_can_be_read_by_their_owner_only(tmp_path):
    assert start(tmp_path).returncode == 0
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*key*")} == {0o600}


def test_a_server_url_switches_database_broker_and_cache(tmp_path):
    started = start(
        tmp_path,
        "print(settings.DATABASES['default']['ENGINE'], settings.CELERY_BROKER_URL, settings.CACHES['default']['LOCATION'])",
        DATABASE_URL="postgres://u:p@db.example.com:5432/book",
        REDIS_URL="redis://cache.example.com:6379/3",
    )
    assert started.stdout.split() == [
        "django.db.backends.postgresql",
        "redis://cache.example.com:6379/3",
        "redis://cache.example.com:6379/3",
    ]
