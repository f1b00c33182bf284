"""Everything that is checked without running a test: style, types, layers, migrations, translations, documents."""

from __future__ import annotations

import sys

from tools.steps import BIN, ROOT, Step, run

PYTHON = sys.executable
SOURCES = ("riskops", "accounts", "collections", "dashboards", "tools", "tests", "manage.py")

CHECKS = (
    Step("messages compiled", (PYTHON, "-m", "tools.messages", "compile")),
    Step("ruff", (BIN / "ruff", "check", *SOURCES)),
    Step("ruff format", (BIN / "ruff", "format", "--check", *SOURCES)),
    Step("imports point one way", (BIN / "lint-imports", "--no-logo", "--cache-dir", ".import_linter_cache")),
    Step("system checks", (PYTHON, "manage.py", "check", "--fail-level", "WARNING")),
    Step("no migration is missing", (PYTHON, "manage.py", "makemigrations", "--check", "--dry-run")),
    Step("every text is translated", (PYTHON, "-m", "tools.messages", "check")),
    Step("documents match the code", (PYTHON, "-m", "tools.documents", "check")),
    Step("mypy", (BIN / "mypy", "riskops", "accounts", "collections", "dashboards", "tools")),
)


def main() -> int:
    """Run all checks and return 1 if one failed."""
    failed = run(CHECKS)
    if failed:
        print(f"make check: {len(failed)} of {len(CHECKS)} failed: {', '.join(failed)}")
        return 1
    print(f"make check: {len(CHECKS)} checks passed in {ROOT.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
