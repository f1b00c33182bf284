"""What the tests of outreach share: short time-outs, a vendor's server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from vendors import HttpVendor, http_vendor

#: Those of the tests answer at once or never; a busy machine may take half a second for either.
PATIENCE_SECONDS = 1.5


@pytest.fixture
def impatient(settings: Any) -> Any:
    """Wait for vendors a moment only."""
    settings.PROVIDER_CONNECT_SECONDS = settings.PROVIDER_TIMEOUT_SECONDS = PATIENCE_SECONDS
    settings.ANYMAIL = {"REQUESTS_TIMEOUT": (PATIENCE_SECONDS, PATIENCE_SECONDS), "IGNORE_UNSUPPORTED_FEATURES": True}
    cache.clear()
    return settings


@pytest.fixture
def vendor(impatient: Any) -> Iterator[HttpVendor]:
    """Run a vendor's server."""
    with http_vendor() as running:
        yield running
