"""The audit trail: who did what to what, before and after, and why. Written by operations and bulk steps themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_noop

from riskops.shared.models import AuditEntry
from riskops.shared.own_reasons import own_reason
from riskops.shared.request_context import current_request_id


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person (user id and user name) or a named machine."""

    name: str
    user_id: int | None = None

    @classmethod
    def of(cls, user: Any) -> Actor:
        """Return the actor of a logged-in user."""
        return cls(name=user.get_username(), user_id=user.pk)


#: The machine that closes the day, and the one that serves commands typed in a shell. What machines are called is read in the
#: language in use, as reasons of the site's own are.
CLOSE = Actor(own_reason(gettext_noop("close-of-business")))
COMMAND = Actor(own_reason(gettext_noop("command")))


#: Lines that go into one statement.
_AT_ONCE: Final = 500


def line(
    *,
    actor: Actor,
    action: str,
    subject_type: str,
    subject_key: str,
    account_id: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
    run_id: int | None = None,
) -> AuditEntry:
    """Return a line that is not written yet. Values are plain JSON and hold no clear personal data.

    :param action: what was done, e.g. `payment.post`; the same words as in the role table
    :param subject_key: the key people know the subject by, e.g. the account number
    """
    return AuditEntry(
        actor_name=actor.name,
        actor_id=actor.user_id,
        action=action,
        subject_type=subject_type,
        subject_key=subject_key,
        account_id=account_id,
        before=dict(before) if before is not None else None,
        after=dict(after) if after is not None else None,
        reason=reason,
        request_id=current_request_id(),
        run_id=run_id,
    )


def record(*, actor: Actor, action: str, subject_type: str, subject_key: str, **more: Any) -> AuditEntry:
    """Append one line, in the caller's transaction; what it takes is what `line` takes."""
    entry = line(actor=actor, action=action, subject_type=subject_type, subject_key=subject_key, **more)
    entry.save(force_insert=True)
    return entry


def record_all(lines: Iterable[AuditEntry]) -> None:
    """Append many lines in the order given, in the caller's transaction."""
    AuditEntry.objects.bulk_create(lines, batch_size=_AT_ONCE)
