"""What the tests of outreach share: short time-outs, a vendor's server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from vendors import HttpVendor, http_vendor


@pytest.fixture
def impatient(settings: Any) -> Any:
    """Wait for vendors a fraction of a second: those of the tests answer at once or never."""
    settings.PROVIDER_CONNECT_SECONDS = 0.5
    settings.PROVIDER_TIMEOUT_SECONDS = 0.5
    settings.ANYMAIL = {"REQUESTS_TIMEOUT": (0.5, 0.5), "IGNORE_UNSUPPORTED_FEATURES": True}
    cache.clear()
    return settings


@pytest.fixture
def vendor(impatient: Any) -> Iterator[HttpVendor]:
    """Run a vendor's server."""
    with http_vendor() as running:
        yield running
