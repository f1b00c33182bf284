"""The book of the fault tests: made and closed once, copied for each test.

The modules that use it are one group (`xdist_group`), so that one worker makes it and not each.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from migrated import Migrated
from sites import CLOSED_FROM, CLOSED_THROUGH, FIRST, LAST, Site, new_site, redis_of_this_worker


@pytest.fixture(scope="session")
def template(migrated: Migrated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The book as every test finds it: 22 accounts in 4 shards, two months of events, closed through CLOSED_THROUGH."""
    site = new_site(tmp_path_factory.mktemp("template"), copy_of=migrated)
    site.ask("prepare", accounts=22, days=62, close_from=CLOSED_FROM, close_through=CLOSED_THROUGH)
    yield site
    site.close()


@pytest.fixture
def site(template: Site, tmp_path: Path) -> Iterator[Site]:
    """A site with a copy of the book."""
    own = new_site(tmp_path / "site", copy_of=template, redis_url=redis_of_this_worker())
    yield own
    own.close()


@pytest.fixture(scope="session")
def undisturbed(template: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Everything the close wrote where nothing went wrong."""
    own = new_site(tmp_path_factory.mktemp("undisturbed") / "site", copy_of=template)
    found = own.ask("finish", first=FIRST, last=LAST)
    own.close()
    assert found.pop("closed_before") == CLOSED_THROUGH
    assert found["unequal_to_replay"] == []
    assert len(found["tables"]["AccountSnapshot"]) > 0
    assert len(found["tables"]["Review"]) == len(found["tables"]["opened"]) == 9
    assert found["tables"]["SweepCandidate"] == []
    yield found
