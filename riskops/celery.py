"""The Celery application: a doorbell, never the truth (the run ledger and the outbox are)."""

import logging.config
import os
from typing import Any

import structlog
from celery import Celery
from celery.signals import setup_logging, task_postrun, task_prerun
from kombu.transport import TRANSPORT_ALIASES

# See riskops/broker.py.
TRANSPORT_ALIASES["filesystem"] = "riskops.broker:FolderTransport"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskops.settings")

app = Celery("riskops")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["riskops"])


@setup_logging.connect
def _log_as_the_site_does(**_kwargs: Any) -> None:
    """Keep Celery from setting up a log of its own."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)


@task_prerun.connect
def _bind_task(task_id: str, task: Any, **_kwargs: Any) -> None:
    structlog.contextvars.bind_contextvars(task=task.name, task_id=task_id)


@task_postrun.connect
def _unbind_task(**_kwargs: Any) -> None:
    structlog.contextvars.unbind_contextvars("task", "task_id")
