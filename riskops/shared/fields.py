"""Model fields that every app may use."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class KeyField(models.CharField):  # type: ignore[type-arg]  # Django's fields take no arguments at run time
    """Text compared and sorted by code point on every database (PostgreSQL would else use the locale's order)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 64)
        super().__init__(*args, **kwargs)

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        parameters = super().db_parameters(connection)
        if connection.vendor == "postgresql":
            # SQLite compares bytes of UTF-8, which is code-point order already, and knows no "C".
            parameters["collation"] = "C"
        return parameters
