"""The pinned requirements: every one by version and hash, the tests' ones holding the site's."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def pinned(name: str) -> dict[str, str]:
    """Return version by package of a requirements file."""
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ \\]+)", (ROOT / name).read_text(), re.M))


def test_every_requirement_is_pinned_with_its_hashes():
    for name in ("requirements.txt", "requirements-dev.txt"):
        blocks = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
        for block in blocks:
            assert re.match(r"[a-z0-9._-]+==", block), f"{name}: {block.splitlines()[0]} is not pinned"
            assert "--hash=sha256:" in block, f"{name}: {block.splitlines()[0]} has no hash"


def test_the_development_file_holds_the_site_s_file_unchanged():
    site, development = pinned("requirements.txt"), pinned("requirements-dev.txt")
    assert len(site) > 50
    assert {name: development.get(name) for name in site} == site


def test_what_is_installed_is_what_is_pinned():
    for name in ("django", "celery", "django-unfold", "plotly", "djangorestframework", "psycopg"):
        assert version(name) == pinned("requirements.txt")[name]


def test_direct_requirements_are_all_locked():
    for line in (ROOT / "requirements.in").read_text().splitlines():
        name = re.match(r"[A-Za-z0-9._-]+", line)
        if name:
            assert name.group().lower().replace("_", "-") in pinned("requirements.txt")
