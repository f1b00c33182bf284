"""The project. Every door imports this package first, so it is the one place that puts `collections/` on the path.

The folder `collections/` is a source root and not a package (docs/architecture.md, "The folder called collections");
it is appended, never put first, so that `import collections` stays Python's own module.
"""

import sys
from pathlib import Path

_SOURCE_ROOT = str(Path(__file__).resolve().parent.parent / "collections")
if _SOURCE_ROOT not in sys.path:
    sys.path.append(_SOURCE_ROOT)

from riskops.celery import app as celery_app  # noqa: E402  (the path must stand first)

__all__ = ["celery_app"]
