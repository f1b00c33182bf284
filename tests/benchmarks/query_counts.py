"""Count the queries of the pages on the book that DATABASE_URL names. Run as a process of its own; prints JSON."""

from __future__ import annotations

import json
import os
import sys


def main(accounts: int) -> None:
    """Ask for every page twice, as an analyst; the second time counts: what a process asks for once in its life does not."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskops.settings")
    import django

    import riskops  # noqa: F401  (puts collections/ on the path)

    django.setup()
    from django.contrib.auth.models import Group, User
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from riskops.shared.roles import Role
    from riskops.site.people.demo import seed_roles
    from tests.benchmarks.pages import pages_to_ask

    seed_roles()
    user, _ = User.objects.get_or_create(username="bench-counts")
    user.groups.add(Group.objects.get(name=Role.ANALYST.value))
    client = Client()
    client.force_login(user)
    most = {}
    for name, paths in pages_to_ask(accounts).items():
        counts = []
        for path in paths[:20]:
            client.get(path)
            with CaptureQueriesContext(connection) as queries:
                answer = client.get(path)
            assert answer.status_code == 200, f"{path}: {answer.status_code}"
            counts.append(len(queries))
        most[name] = max(counts)
    print(json.dumps(most))


if __name__ == "__main__":
    main(int(sys.argv[1]))
