"""What the lines of the audit trail are called that no person's operation makes: closes, imports, commands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Final

from django.db.models import Field, Model, TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from riskops.shared.roles import EVENTS, OPERATIONS
from riskops.shared.wording import day_text, month_text

#: By the name that the line keeps. Those of operations, and of what follows from one, are in the role table.
RECORDED: Final[dict[str, Promise]] = {
    "account.change_limit": _("a credit limit changes"),
    "book.pause_nightly": _("pause the nightly close"),
    "close.start": _("a close starts"),
    "close.post": _("a close posts entries"),
    "close.age": _("a close ages accounts"),
    "close.snapshot": _("a close keeps a snapshot"),
    "close.arms": _("a close takes customers into arms"),
    "close.outreach": _("a close queues messages"),
    "close.publish": _("a close reports"),
    "close.complete": _("a close is complete"),
    "close.failed": _("a close fails"),
    "close.feeds_arrived": _("the feeds of a close come"),
    "customer.reencrypt": _("personal data is encrypted anew"),
    "customer.update": _("an import changes a customer"),
    "installment.change": _("an import changes an instalment"),
    "payment.change_channel": _("an import changes a channel"),
    "product.update": _("an import changes a product"),
    "snapshot.rebuild": _("snapshots are rebuilt"),
}


def action_label(name: str) -> Promise | str:
    """Return what an action of the trail is called, its name where it has no words."""
    operation = OPERATIONS.get(name)
    return operation.label if operation else (EVENTS | RECORDED).get(name, name)


def action_choices() -> tuple[tuple[str, Promise], ...]:
    """Return every action with its label, by name."""
    labels = {name: operation.label for name, operation in OPERATIONS.items()} | EVENTS | RECORDED
    return tuple(sorted(labels.items()))


#: What the values of a line are called; others by their own names.
VALUE_NAMES: Final[dict[str, Promise]] = {
    "amount": _("amount"),
    "limit": _("limit"),
    "credit_limit": _("credit limit"),
    "requested_limit": _("requested limit"),
    "granted_limit": _("granted limit"),
    "new_limit": _("new limit"),
    "limit_without_caps": pgettext_lazy("audit", "limit without the caps"),
    "failure": pgettext_lazy("audit", "kind of failure"),
    "overdue_total": _("overdue"),
    "penalty_due": _("penalty due"),
    "outstanding_principal": _("outstanding principal"),
    "credit_balance": _("credit balance"),
    "days_past_due": _("days past due"),
    "bucket": _("bucket"),
    "status": _("status"),
    "outcome": _("outcome"),
    "agreement": _("agreement"),
    "disclosure": _("disclosure"),
    "product": _("product"),
    "application": _("application"),
    "channel": _("channel"),
    "value_date": _("value date"),
    "effective_on": _("in force from"),
    "accepted_on": pgettext_lazy("audit", "accepted on"),
    "accounts": pgettext_lazy("audit", "accounts"),
    "action": pgettext_lazy("audit", "action"),
    "agency": pgettext_lazy("audit", "agency"),
    "agreed_hours": pgettext_lazy("audit", "agreed hours"),
    "as": pgettext_lazy("audit", "as"),
    "assigned": pgettext_lazy("audit", "assigned"),
    "assigned_to": pgettext_lazy("audit", "assigned to"),
    "assigned_to_id": pgettext_lazy("audit", "assigned to"),
    "attempts": pgettext_lazy("audit", "attempts"),
    "batch": pgettext_lazy("audit", "batch"),
    "bears_penalty": pgettext_lazy("audit", "penalty on late instalments"),
    "book": pgettext_lazy("audit", "book"),
    "cause": pgettext_lazy("audit", "cause"),
    "characters": pgettext_lazy("audit", "characters"),
    "claimed_by": pgettext_lazy("audit", "claimed by"),
    "closed": pgettext_lazy("audit", "closed"),
    "columns": pgettext_lazy("audit", "columns"),
    "component": pgettext_lazy("audit", "component"),
    "contact": pgettext_lazy("audit", "contact"),
    "copy_of": pgettext_lazy("audit", "copy of"),
    "correction": pgettext_lazy("audit", "correction"),
    "currency": pgettext_lazy("audit", "currency"),
    "day": pgettext_lazy("audit", "day"),
    "debit_on": pgettext_lazy("audit", "debit on"),
    "debits": pgettext_lazy("audit", "debits"),
    "done": pgettext_lazy("audit", "done"),
    "dry_run": pgettext_lazy("audit", "dry run"),
    "due": pgettext_lazy("audit", "due"),
    "due_on": pgettext_lazy("audit", "due on"),
    "ended_demands": pgettext_lazy("audit", "ended demands"),
    "ended_on": pgettext_lazy("audit", "ended on"),
    "ends_on": pgettext_lazy("audit", "ends on"),
    "episode": pgettext_lazy("audit", "episode"),
    "error": pgettext_lazy("audit", "error"),
    "evaluated_on": pgettext_lazy("audit", "evaluated on"),
    "expires_on": pgettext_lazy("audit", "expires on"),
    "failures": pgettext_lazy("audit", "failures"),
    "fields": pgettext_lazy("audit", "fields"),
    "file": pgettext_lazy("audit", "file"),
    "files": pgettext_lazy("audit", "files"),
    "filled_on": pgettext_lazy("audit", "filled on"),
    "first_due_date": pgettext_lazy("audit", "first due date"),
    "form": pgettext_lazy("audit", "form"),
    "from": pgettext_lazy("audit", "from"),
    "goes_on": pgettext_lazy("audit", "goes on"),
    "grade": pgettext_lazy("audit", "grade"),
    "granted_by": pgettext_lazy("audit", "granted by"),
    "handed_to_people": pgettext_lazy("audit", "handed to people"),
    "has_acceleration_clause": pgettext_lazy("audit", "acceleration clause"),
    "hold": pgettext_lazy("audit", "hold"),
    "installments": pgettext_lazy("audit", "instalments"),
    "instrument": pgettext_lazy("audit", "instrument"),
    "is_active": pgettext_lazy("audit", "in use"),
    "is_automated": pgettext_lazy("audit", "automated"),
    "is_automatic_stopped": pgettext_lazy("audit", "automatic decisions stopped"),
    "is_escalated": pgettext_lazy("audit", "escalated"),
    "is_open": pgettext_lazy("audit", "open"),
    "is_ours": pgettext_lazy("audit", "ours"),
    "is_posted": pgettext_lazy("audit", "posted"),
    "is_written_off": pgettext_lazy("audit", "written off"),
    "key": pgettext_lazy("audit", "key"),
    "kind": pgettext_lazy("audit", "kind"),
    "last_due_date": pgettext_lazy("audit", "last due date"),
    "live_from": pgettext_lazy("audit", "live from"),
    "live_until": pgettext_lazy("audit", "live until"),
    "mandate": pgettext_lazy("audit", "mandate"),
    "measure": pgettext_lazy("audit", "measure"),
    "message": pgettext_lazy("audit", "message"),
    "messages": pgettext_lazy("audit", "messages"),
    "missing": pgettext_lazy("audit", "missing"),
    "most": pgettext_lazy("audit", "most"),
    "name": pgettext_lazy("audit", "name"),
    "next_action": pgettext_lazy("audit", "next action"),
    "next_action_on": pgettext_lazy("audit", "next action on"),
    "nightly_paused": pgettext_lazy("audit", "nightly close paused"),
    "note": pgettext_lazy("audit", "note"),
    "on": pgettext_lazy("audit", "on"),
    "on_demand": pgettext_lazy("audit", "on demand"),
    "on_error": pgettext_lazy("audit", "on error"),
    "open_until": pgettext_lazy("audit", "open until"),
    "opened_on": pgettext_lazy("audit", "opened on"),
    "options": pgettext_lazy("audit", "options"),
    "owner": pgettext_lazy("audit", "owner"),
    "parts": pgettext_lazy("audit", "parts"),
    "party": pgettext_lazy("audit", "party"),
    "passed_on": pgettext_lazy("audit", "passed on"),
    "paused": pgettext_lazy("audit", "paused"),
    "percent": pgettext_lazy("audit", "per cent"),
    "person": pgettext_lazy("audit", "person"),
    "placed_on": pgettext_lazy("audit", "placed on"),
    "principal": pgettext_lazy("audit", "principal"),
    "products": pgettext_lazy("audit", "products"),
    "promise": pgettext_lazy("audit", "promise"),
    "proof": pgettext_lazy("audit", "proof"),
    "provisional": pgettext_lazy("audit", "provisional"),
    "published_on": pgettext_lazy("audit", "published on"),
    "purpose": pgettext_lazy("audit", "purpose"),
    "query": pgettext_lazy("audit", "query"),
    "queue": pgettext_lazy("audit", "queue"),
    "recall_reason": pgettext_lazy("audit", "reason of the recall"),
    "recalled_on": pgettext_lazy("audit", "recalled on"),
    "reference": pgettext_lazy("audit", "reference"),
    "refused": pgettext_lazy("audit", "refused"),
    "refuses": pgettext_lazy("audit", "refuses"),
    "refuses_automated_decisions": pgettext_lazy("audit", "refuses automated decisions"),
    "reply": pgettext_lazy("audit", "reply"),
    "requested_on": pgettext_lazy("audit", "requested on"),
    "result": pgettext_lazy("audit", "result"),
    "results": pgettext_lazy("audit", "results"),
    "reviewer": pgettext_lazy("audit", "reviewer"),
    "revoked_on": pgettext_lazy("audit", "revoked on"),
    "right_party_on": pgettext_lazy("audit", "right party on"),
    "roles": pgettext_lazy("audit", "roles"),
    "rows": pgettext_lazy("audit", "rows"),
    "rule": pgettext_lazy("audit", "rule"),
    "rule_version": pgettext_lazy("audit", "version of the rule"),
    "seed": pgettext_lazy("audit", "seed"),
    "segment": pgettext_lazy("audit", "segment"),
    "sha256": pgettext_lazy("audit", "SHA-256"),
    "shards": pgettext_lazy("audit", "shards"),
    "shares": pgettext_lazy("audit", "shares"),
    "since": pgettext_lazy("audit", "since"),
    "size_bytes": pgettext_lazy("audit", "bytes"),
    "source": pgettext_lazy("audit", "source"),
    "stage": pgettext_lazy("audit", "stage"),
    "state": pgettext_lazy("audit", "state"),
    "steps": pgettext_lazy("audit", "steps"),
    "stopped": pgettext_lazy("audit", "stopped"),
    "subject": pgettext_lazy("audit", "subject"),
    "taken": pgettext_lazy("audit", "taken"),
    "taken_back": pgettext_lazy("audit", "taken back"),
    "through": pgettext_lazy("audit", "through"),
    "to": pgettext_lazy("audit", "to"),
    "today": pgettext_lazy("audit", "today"),
    "took_ms": pgettext_lazy("audit", "time taken, ms"),
    "trained_on": pgettext_lazy("audit", "trained on"),
    "undone": pgettext_lazy("audit", "undone"),
    "until": pgettext_lazy("audit", "until"),
    "valid_from": pgettext_lazy("audit", "valid from"),
    "valid_until": pgettext_lazy("audit", "valid until"),
    "value": pgettext_lazy("audit", "value"),
    "version": pgettext_lazy("audit", "version"),
    "waiting": pgettext_lazy("audit", "waiting"),
    "waiting_for": pgettext_lazy("audit", "waiting for"),
    "what": pgettext_lazy("audit", "what"),
    "wish": pgettext_lazy("audit", "wish"),
    "with": pgettext_lazy("audit", "with"),
    # Of disputes, agencies, letters and legal cases; what is a column of theirs is called as the column is.
    "body": pgettext_lazy("audit", "before whom"),
    "booked": pgettext_lazy("audit", "booked"),
    "claim_characters": pgettext_lazy("audit", "characters of the claim"),
    "corrections": pgettext_lazy("audit", "corrections"),
    "document": pgettext_lazy("audit", "document"),
    "evaluation": pgettext_lazy("audit", "evaluation"),
    "letter": pgettext_lazy("audit", "letter"),
    "recalls_all": pgettext_lazy("audit", "recalls all"),
    "root_cause": pgettext_lazy("audit", "root cause"),
    "team": pgettext_lazy("audit", "team"),
    "terms": pgettext_lazy("audit", "terms"),
    "file_state": pgettext_lazy("audit", "state of the file"),
    "lines": pgettext_lazy("audit", "lines"),
    # Of plans.
    "agreement_sha256": pgettext_lazy("audit", "SHA-256 of the agreement"),
    "covers": pgettext_lazy("audit", "takes over"),
    "days_missed": pgettext_lazy("audit", "days missed"),
    "is_owed_as_before": pgettext_lazy("audit", "owed as before"),
    "may_use": pgettext_lazy("audit", "may be used"),
    "plan": pgettext_lazy("audit", "plan"),
    "read": pgettext_lazy("audit", "read"),
    "terms_version": pgettext_lazy("audit", "version of the terms"),
}

#: A day as lines keep it; nothing else is written so.
_ISO_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


#: Whose columns the lines about a subject write down, by its type.
_MODELS: Final[dict[str, tuple[type[Model], ...]]] = {}
#: The words of values that no column has, by the subject's type and the value's name.
_WORDS: Final[dict[tuple[str, str], Callable[[Any], str]]] = {}


def register_subject(subject_type: str, *models: type[Model], **words: Callable[[Any], str]) -> None:
    """Have lines about a subject named and worded by the columns of models: their names, and the words of their choices.

    Where two models have a column of the same name, the first one's choices count.

    :param words: how to say values of other names, e.g. the code of a row that has a name. Several rooms may write about one
        subject, an account say: each registers its own words, and models only who keeps it
    """
    if models:
        _MODELS[subject_type] = models
    _WORDS.update({(subject_type, name): say for name, say in words.items()})


def words_of(choices: type[TextChoices]) -> Callable[[Any], str]:
    """Return how to say a value that is one of some choices; another one is said as it is."""
    return lambda value: str(dict(choices.choices).get(value, value))


def month_word(value: Any) -> str:
    """Return a month in words that a line keeps as its first day."""
    return month_text(date.fromisoformat(value)) if _is_day(value) else str(value)


def value_name(name: str, subject_type: str = "") -> str:
    """Return what a value of a line is called: its own word, else its column's, else its name without underscores."""
    plain = name.removesuffix("_minor")
    if plain in VALUE_NAMES:
        return str(VALUE_NAMES[plain])
    column = next(_columns(subject_type, name), None)
    return str(column.verbose_name) if column is not None else plain.replace("_", " ")


def value_word(value: Any, name: str, subject_type: str = "") -> Any:
    """Return a value of a line in the words of its column's choices, a day as pages write days; others as they are."""
    if (subject_type, name) in _WORDS and value is not None:
        return _WORDS[subject_type, name](value)
    for column in _columns(subject_type, name):
        words = dict(column.flatchoices)
        if value in words:
            return str(words[value]) or "–"
    return day_text(date.fromisoformat(value)) if _is_day(value) else value


def _columns(subject_type: str, name: str) -> Iterator[Field[Any, Any]]:
    for model in _MODELS.get(subject_type, ()):
        yield from (column for column in model._meta.concrete_fields if column.attname == name)


def _is_day(value: Any) -> bool:
    if not (isinstance(value, str) and _ISO_DAY.fullmatch(value)):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
