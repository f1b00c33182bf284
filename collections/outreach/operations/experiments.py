"""Experiments: what their versions may say, and the dry run. Their life is that of every version (operations/versions.py)."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.facts import ACCOUNT_FACTS
from accounts.models import Product
from accounts.queries.rule_cost import RuleTooSlow
from outreach.models import Experiment, Strategy
from outreach.models.versions import live_versions
from outreach.operations.experiment_refusals import (
    ExperimentNotTried,
    NoBookToTry,
    ProductOfOtherExperiment,
    RuleTakesTooLong,
    StrategyDoesNotHold,
)
from outreach.operations.version_refusals import NotDraft, VersionMalformed, VersionStale, VersionUnknown
from outreach.operations.versions import Kind, Status
from outreach.queries.experiment_dry_run import try_on_book
from outreach.roles import APPROVE_EXPERIMENT, DRAFT_EXPERIMENT
from outreach.rules.arms import WHOLE_BP, Flaw, flaw_of, no_contact_bp
from riskops.shared.audit import Actor, record
from riskops.shared.day import book_state
from riskops.shared.rule_language import RuleRefusal, parse_rule


def _check_experiment(row: Experiment) -> None:
    """Refuse what no experiment can say."""
    _check_products(row)
    if row.rule.strip():
        try:
            parse_rule(row.rule, ACCOUNT_FACTS)
        except RuleRefusal as refusal:
            raise VersionMalformed("rule", str(refusal)) from None
    flaw = flaw_of(row.arms, row.champion)
    if flaw is not None:
        raise VersionMalformed("arms", _flaw_text(flaw))
    named = {arm.strategy for arm in row.parts if arm.strategy}
    known = set(Strategy.objects.filter(code__in=named, status=Status.APPROVED).values_list("code", flat=True))
    for code in sorted(named - known):
        raise VersionMalformed("arms", _("There is no approved strategy “%(strategy)s”.") % {"strategy": code})
    _check_control(row)


def _check_products(row: Experiment) -> None:
    if not isinstance(row.products, list) or not row.products or not all(isinstance(code, str) for code in row.products):
        raise VersionMalformed("products", _("Name at least one product; nobody can take part otherwise."))
    known = dict(Product.objects.filter(product_code__in=row.products).values_list("product_code", "currency"))
    for code in row.products:
        if code not in known:
            raise VersionMalformed("products", _("There is no product “%(product)s”.") % {"product": code})
    if len(set(known.values())) > 1:
        raise VersionMalformed(
            "products",
            _("The products are in %(currencies)s; amounts of one experiment are in one currency.")
            % {"currencies": ", ".join(sorted(set(known.values())))},
        )


def _check_control(row: Experiment) -> None:
    """Refuse an arm without contact that is too large, or has no reason."""
    silent, most = no_contact_bp(row.parts), settings.EXPERIMENT_CONTROL_MAX_PERCENT
    if silent * 100 > most * WHOLE_BP:
        raise VersionMalformed(
            "arms",
            _("%(share)s %% of the customers would be left without contact; at most %(most)s %% may be.")
            % {"share": f"{silent / 100:g}", "most": most},
        )
    if silent and not row.control_reason.strip():
        raise VersionMalformed(
            "control_reason", _("Write why some customers are left without contact; it is kept with the experiment.")
        )


def _flaw_text(flaw: Flaw) -> str:
    words = {
        "shape": _("Each arm has a code, a strategy (empty: no contact) and a weight in basis points, and nothing else."),
        "number": _("An experiment has %(least)s to %(most)s arms."),
        "code": _("“%(code)s” is no code of an arm: use 1 to %(most)s small letters, digits and hyphens."),
        "weight": _("Arm %(code)s has no share; give it more than 0 %% and less than 100 %%."),
        "twice": _("Two arms are called “%(code)s”; give each a code of its own."),
        "sum": _("The shares add up to %(sum)s %%, not to 100 %%."),
        "champion": _("The champion “%(code)s” is none of the arms."),
        "champion_silent": _("The champion “%(code)s” has no strategy; all others are compared with it."),
    }
    values = dict(flaw.values)
    if flaw.name == "sum":
        values["sum"] = f"{values['sum'] / 100:g}"
    return words[flaw.name] % values


def _refuse_unready(row: Experiment, live_from: date) -> None:
    """Refuse what cannot begin on a day: not tried, without strategies, or on a product that is in another experiment."""
    if not row.is_tried:
        raise ExperimentNotTried(str(row))
    live = live_versions(Strategy, live_from)
    for arm in row.parts:
        if arm.strategy and arm.strategy not in live:
            raise StrategyDoesNotHold(arm.strategy, live_from)
    others = Experiment.objects.filter(status=Status.APPROVED, stopped_on=None).exclude(pk=row.pk)
    for other in others.order_by("pk"):
        both = sorted(set(row.products) & set(other.products))
        if both:
            raise ProductOfOtherExperiment(both[0], str(other))


#: Customers are taken in by the close of its first day, which must not have begun.
EXPERIMENTS: Final = Kind(
    model=Experiment,
    subject="experiment",
    draft=DRAFT_EXPERIMENT,
    approve=APPROVE_EXPERIMENT,
    check=_check_experiment,
    check_from=_refuse_unready,
)


@transaction.atomic
def try_experiment(*, actor: Actor, key: str, version: int, revision: int) -> Experiment:
    """Count who would take part on the present book, keep that with the draft, and change nothing else.

    :raises VersionUnknown, NotDraft, VersionStale: there is no draft, or another one than was seen
    :raises NoBookToTry, RuleTakesTooLong: it cannot be counted
    """
    row = EXPERIMENTS.of(key).select_for_update(of=("self",)).filter(version=version).first()
    if row is None:
        raise VersionUnknown(key, version)
    if row.status != Status.DRAFT:
        raise NotDraft(str(row), row.get_status_display())
    if row.revision != revision:
        raise VersionStale(str(row))
    as_of = book_state().business_date
    if as_of is None:
        raise NoBookToTry
    try:
        found = try_on_book(row, as_of)
    except RuleTooSlow as slow:
        raise RuleTakesTooLong(str(slow)) from None
    row.dry_run, row.dry_run_revision = found.as_json(), row.revision
    row.save(update_fields=["dry_run", "dry_run_revision"])
    after: dict[str, Any] = {"dry_run": row.dry_run}
    record(actor=actor, action=DRAFT_EXPERIMENT, subject_type=EXPERIMENTS.subject, subject_key=str(row), after=after)
    return row
