"""What the site writes to its log: one line an event, JSON where machines read it, plain text where a person does.

Every line carries what was bound around it: request_id in a request, task and task_id in a Celery task, run_id in a close.
No personal value belongs in a line; should one come under a name that holds such values, it is left out.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any, Final

import structlog
from structlog.typing import Processor

#: Names under which personal values, secrets or what somebody typed into a search box would come.
HIDDEN_KEYS: Final = frozenset(
    {"name", "phone", "email", "national_id", "address", "device_ids", "person", "password", "token", "query", "q", "cookies"}
)
HIDDEN: Final = "[hidden]"
#: The link of a customer (outreach/customer_links.py): whoever reads it in a log could act as the customer.
_LINK: Final = re.compile(r"/c/[A-Za-z0-9_-]{20,}")


def hide_personal(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace values under the hidden names, and customers' links wherever they stand, also inside of dicts and lists."""
    return {key: HIDDEN if key in HIDDEN_KEYS else _without_personal(value) for key, value in event.items()}


def _without_personal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: HIDDEN if key in HIDDEN_KEYS else _without_personal(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_personal(inner) for inner in value]
    return _LINK.sub(f"/c/{HIDDEN}", value) if isinstance(value, str) else value


def logging_config(*, log_format: str, level: str) -> dict[str, Any]:
    """Return the dict for `logging.config`, the same for web, worker, beat and commands, and set structlog up to match.

    :param log_format: `json` or `console`
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_personal,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(log_format)],
            }
        },
        "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["out"], "level": level},
        "loggers": {
            # Both bring handlers of their own, which would print each line twice and not as JSON.
            "django": {"handlers": [], "propagate": True},
            "gunicorn.error": {"handlers": [], "propagate": True},
            # They log the address of every call, and that of some vendors holds the customer's number and the message.
            "httpx": {"level": "WARNING"},
            "httpcore": {"level": "WARNING"},
            "urllib3": {"level": "WARNING"},
            # A line for each heartbeat of beat and each task's start is for looking for faults in Celery itself.
            "django_celery_beat": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            # Three ticks a minute succeed; what a task did, it says itself, and a failure is an error.
            "celery.app.trace": {"level": "WARNING"},
        },
    }


def _renderers(log_format: str) -> list[Processor]:
    # Tracebacks as plain text: the richer ones print local variables, and those hold personal values.
    if log_format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback)]
