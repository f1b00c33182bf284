"""The lines of the timeline that the book itself knows. Upper rooms register theirs in the same way."""

from __future__ import annotations

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.customer_panels import Happening, TimelineAsk, TimelineSource, register_timeline
from accounts.models import (
    Decision,
    InstallmentCancellation,
    Note,
    Payment,
    Refund,
    Review,
    ReviewFile,
    ScheduleChange,
    Waiver,
    WriteOff,
)
from accounts.models.decision_settings import ACTION_CHOICES, STATUS_CHOICES
from accounts.payment_channels import channel_name
from accounts.queries.timeline import by_day, by_moment, day_of, holding_text
from accounts.roles import REVEAL_PERSON
from riskops.shared.models import AuditEntry
from riskops.shared.own_reasons import in_words
from riskops.shared.wording import day_text, money_text

_ACTIONS, _STATUSES = dict(ACTION_CHOICES), dict(STATUS_CHOICES)


def _payments(ask: TimelineAsk, *, is_reversal: bool) -> list[Happening]:
    paid = Payment.objects.filter(account__in=ask.accounts).select_related("reverses")
    rows: QuerySet[Payment] = paid.filter(reverses__isnull=False) if is_reversal else paid.received()
    rows = holding_text(rows, ask, ("payment_no", "channel", "reverses__payment_no"))
    title = _("Reversal %(number)s of %(payment)s") if is_reversal else _("Payment %(number)s")
    return [
        Happening(
            "reversal" if is_reversal else "payment",
            row.paid_on,
            row.pk,
            title % {"number": row.payment_no, "payment": row.reverses.payment_no if row.reverses else ""},
            account_no=ask.accounts[row.account_id],
            at=row.recorded_at,
            text=channel_name(row.channel),
            money=(-row.amount_minor if is_reversal else row.amount_minor, ask.currencies[row.account_id]),
            tone="bad" if is_reversal else "ok",
        )
        for row in by_day(rows, ask, day="paid_on")
    ]


def _waivers(ask: TimelineAsk) -> list[Happening]:
    rows = Waiver.objects.filter(account__in=ask.accounts).select_related("installment")
    rows = holding_text(rows, ask, ("reference", "reason"))
    return [
        Happening(
            "waiver",
            row.value_date,
            row.pk,
            _("Waived on %(installment)s: %(component)s")
            % {"installment": str(row.installment), "component": row.get_component_display()},
            account_no=ask.accounts[row.account_id],
            at=row.recorded_at,
            text=in_words(row.reason),
            money=(row.amount_minor, ask.currencies[row.account_id]),
        )
        for row in by_day(rows, ask, day="value_date")
    ]


def _cancellations(ask: TimelineAsk) -> list[Happening]:
    rows = InstallmentCancellation.objects.filter(account__in=ask.accounts).select_related("installment")
    rows = holding_text(rows, ask, ("reference", "reason"))
    return [
        Happening(
            "cancellation",
            row.value_date,
            row.pk,
            _("Instalment %(installment)s cancelled") % {"installment": str(row.installment)},
            account_no=ask.accounts[row.account_id],
            at=row.recorded_at,
            text=row.reason,
        )
        for row in by_day(rows, ask, day="value_date")
    ]


def _refunds(ask: TimelineAsk) -> list[Happening]:
    rows = holding_text(Refund.objects.filter(account__in=ask.accounts), ask, ("reference", "reason"))
    return [
        Happening(
            "refund",
            row.value_date,
            row.pk,
            _("Paid back: %(number)s") % {"number": row.reference},
            account_no=ask.accounts[row.account_id],
            at=row.recorded_at,
            text=row.reason,
            money=(row.amount_minor, ask.currencies[row.account_id]),
        )
        for row in by_day(rows, ask, day="value_date")
    ]


def _schedules(ask: TimelineAsk) -> list[Happening]:
    rows = holding_text(ScheduleChange.objects.filter(account__in=ask.accounts), ask, ("reference", "reason"))
    return [
        Happening(
            "schedule",
            row.value_date,
            row.pk,
            _("New schedule %(number)s: %(kind)s") % {"number": row.reference, "kind": row.get_kind_display()},
            account_no=ask.accounts[row.account_id],
            at=row.recorded_at,
            text=row.reason,
        )
        for row in by_day(rows, ask, day="value_date")
    ]


def _schedule_ends(ask: TimelineAsk) -> list[Happening]:
    rows = ScheduleChange.objects.filter(account__in=ask.accounts, ended_on__isnull=False)
    return [
        Happening(
            "schedule_end",
            row.ended_on,
            row.pk,
            _("New schedule %(number)s ended") % {"number": row.reference},
            account_no=ask.accounts[row.account_id],
            at=row.end_recorded_at,
            text=row.end_reason,
            tone="bad",
        )
        for row in by_day(holding_text(rows, ask, ("reference", "end_reason")), ask, day="ended_on")
        if row.ended_on is not None
    ]


def _write_offs(ask: TimelineAsk) -> list[Happening]:
    rows = holding_text(WriteOff.objects.filter(account__in=ask.accounts), ask, ("reference", "reason"))
    return [
        Happening(
            "write_off",
            row.value_date,
            row.pk,
            _("Written off"),
            account_no=ask.accounts[row.account_id],
            at=row.recorded_at,
            text=row.reason,
            money=(row.principal_minor, ask.currencies[row.account_id]),
            tone="bad",
        )
        for row in by_day(rows, ask, day="value_date")
    ]


def _decisions(ask: TimelineAsk) -> list[Happening]:
    rows = Decision.objects.filter(account__in=ask.accounts).select_related("reason")
    rows = holding_text(rows, ask, ("reference", "note", "reason__name_en", "reason__name_zh", "proposed_by_name"))
    return [
        Happening(
            "decision",
            day_of(row.proposed_at),
            row.pk,
            _("Decision: %(action)s, %(status)s") % {"action": _ACTIONS[row.action], "status": _STATUSES[row.status]},
            account_no=ask.accounts[row.account_id],
            at=row.proposed_at,
            who=row.proposed_by_name,
            text=row.note,
            details=[
                (_("reason"), str(row.reason)),
                (_("in force from"), day_text(row.effective_on)),
                *_limit(row, ask.currencies[row.account_id]),
            ],
            url=reverse("accounts:decision_explanation", args=[ask.accounts[row.account_id], row.reference]),
            tone="warn",
        )
        for row in by_moment(rows, ask, moment="proposed_at")
    ]


def _limit(row: Decision, currency: str) -> list[tuple[str, str]]:
    return [] if row.new_limit_minor is None else [(_("new limit"), money_text(row.new_limit_minor, currency))]


def _notes(ask: TimelineAsk) -> list[Happening]:
    from django.db.models import Q

    # A note on the customer is read beside each account; one on an account out of sight is not.
    rows = Note.objects.filter(Q(account__in=ask.accounts) | Q(account=None), customer_id=ask.customer_id)
    return [
        Happening(
            "note",
            day_of(row.written_at),
            row.pk,
            _("Note"),
            account_no=ask.accounts[row.account_id] if row.account_id else "",
            at=row.written_at,
            who=row.written_by_name,
            text=row.text,
        )
        for row in by_moment(holding_text(rows, ask, ("text", "written_by_name")), ask, moment="written_at")
    ]


def _reviews(ask: TimelineAsk) -> list[Happening]:
    rows = Review.objects.filter(account__in=ask.accounts)
    rows = holding_text(rows, ask, ("purpose", "note", "cause", "opened_by_name", "closed_by_name"))
    return [
        Happening(
            "review",
            row.opened_on,
            row.pk,
            _("Review %(id)s, %(source)s") % {"id": row.pk, "source": row.get_source_display()},
            account_no=ask.accounts[row.account_id],
            at=row.opened_at,
            who=row.opened_by_name,
            text=row.note or row.purpose,
            details=_of_review(row),
            url=reverse("accounts:review", args=[row.pk]),
        )
        for row in by_day(rows, ask, day="opened_on")
    ]


def _of_review(row: Review) -> list[tuple[str, str]]:
    details = [(_("rule"), row.rule)] if row.rule else []
    if row.is_open:
        return [*details, (_("state"), pgettext("reviews", "open"))]
    closed = day_text(row.closed_on) if row.closed_on else ""
    return [
        *details,
        (_("outcome"), row.get_outcome_display()),
        (pgettext("reviews", "closed"), f"{closed} · {row.closed_by_name}"),
    ]


def _files(ask: TimelineAsk) -> list[Happening]:
    rows = ReviewFile.objects.filter(review__account__in=ask.accounts).select_related("review")
    return [
        Happening(
            "file",
            day_of(row.added_at),
            row.pk,
            _("File %(name)s") % {"name": row.name},
            account_no=ask.accounts[row.review.account_id],
            at=row.added_at,
            who=row.added_by_name,
            url=reverse("accounts:review_file", args=[row.pk]),
        )
        for row in by_moment(holding_text(rows, ask, ("name", "added_by_name")), ask, moment="added_at")
    ]


def _reveals(ask: TimelineAsk) -> list[Happening]:
    rows = AuditEntry.objects.filter(account_id__in=ask.accounts, action=REVEAL_PERSON)
    return [
        Happening(
            "reveal",
            day_of(row.at),
            row.pk,
            _("Personal data revealed"),
            account_no=ask.accounts[row.account_id or 0],
            at=row.at,
            who=row.actor_name,
            text=row.reason,
        )
        for row in by_moment(holding_text(rows, ask, ("actor_name", "reason")), ask, moment="at")
    ]


def register_sources() -> None:
    """Register what the book knows; called once, when the app is ready."""
    for source in (
        TimelineSource("payment", gettext_lazy("payments"), lambda ask: _payments(ask, is_reversal=False)),
        TimelineSource("reversal", gettext_lazy("reversals"), lambda ask: _payments(ask, is_reversal=True)),
        TimelineSource("waiver", gettext_lazy("waivers"), _waivers),
        TimelineSource("cancellation", gettext_lazy("cancellations"), _cancellations),
        TimelineSource("refund", gettext_lazy("refunds"), _refunds),
        TimelineSource("schedule", gettext_lazy("new schedules"), _schedules),
        TimelineSource("schedule_end", gettext_lazy("ended schedules"), _schedule_ends),
        TimelineSource("write_off", gettext_lazy("write-offs"), _write_offs),
        TimelineSource("decision", gettext_lazy("decisions"), _decisions),
        TimelineSource("review", gettext_lazy("reviews"), _reviews),
        TimelineSource("note", gettext_lazy("notes"), _notes),
        TimelineSource("file", gettext_lazy("files"), _files),
        TimelineSource("reveal", gettext_lazy("reveals"), _reveals),
    ):
        register_timeline(source)
