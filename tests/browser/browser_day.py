"""The last closed day of the book that browsers see; a module, since a conftest may be shadowed by another folder's."""

from __future__ import annotations

from datetime import date

DAY = date(2025, 9, 30)
