"""Is the process alive, and can it serve."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache


@login_not_required
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Say that the process answers. Asks nothing else, so that a slow database does not get it killed."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Say whether the database answers and has every migration; 503 if not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "database": "does not answer"}, status=503)
    if missing:
        names = [f"{migration.app_label}.{migration.name}" for migration, _backwards in missing]
        return JsonResponse({"status": "unavailable", "database": "ok", "migrations_missing": names}, status=503)
    return JsonResponse({"status": "ok", "database": "ok", "migrations_missing": []})
