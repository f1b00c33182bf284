"""Results of experiments in words: shares, amounts, differences with their intervals, and what they mean."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from outreach.models.experiments import Measure
from outreach.queries.experiment_results import COMPLAINT_DAYS, LESS_IS_BETTER, WINDOW_OF, ArmResult, Figure, Results
from riskops.shared.wording import MINUS, NARROW_SPACE, amount_text, money_text, number_text


def share_text(share_bp: int) -> str:
    """Return basis points as percent: `50 %`, `12.5 %`."""
    return f"{share_bp / 100:g}{NARROW_SPACE}%"


def value_text(figure: Figure, currency: str) -> str:
    """Return the figure of an arm: `31.2 %`, `¥ 120.40`; an en dash before anybody is measured."""
    if figure.mean is None:
        return "–"
    if figure.is_amount:
        return money_text(round(figure.mean), currency)
    return f"{100 * figure.mean:.1f}{NARROW_SPACE}%"


def signed_text(value: float, figure: Figure, currency: str) -> str:
    """Return a difference with its sign: `+1.5`, `−0.3` points of percent, or money."""
    if figure.is_amount:
        rounded = round(value)
        return f"{'+' if rounded > 0 else MINUS if rounded < 0 else ''}{amount_text(abs(rounded), currency)}"
    points = round(100 * value, 1)
    return f"{'+' if points > 0 else MINUS if points < 0 else ''}{abs(points):.1f}"


def difference_text(figure: Figure, currency: str) -> str:
    """Return the difference from the champion with its interval: `+2.1 (−0.3 to +4.5)`; "" where there is none."""
    if figure.interval is None:
        return ""
    interval = figure.interval
    return _("%(difference)s (%(low)s to %(high)s)") % {
        "difference": signed_text(interval.difference, figure, currency),
        "low": signed_text(interval.low, figure, currency),
        "high": signed_text(interval.high, figure, currency),
    }


def tone_of(figure: Figure) -> str:
    """Return `ok` where the arm is shown to be better than the champion, `bad` where worse, "" where nothing is shown."""
    if figure.interval is None or not figure.interval.shows_something:
        return ""
    is_more = figure.interval.low > 0
    return "ok" if is_more != (figure.measure in LESS_IS_BETTER) else "bad"


def measure_about(measure: Measure) -> str:
    """Return what a measure means, in a sentence."""
    if measure == Measure.ROLLED:
        return _(
            "Of customers whose next month-end is closed: those whose worst bucket then is worse than on the day they came in."
        )
    if measure == Measure.COMPLAINED:
        return _("Customers who complained, by the day we received it, on the %(days)s days after they came in.") % {
            "days": COMPLAINT_DAYS
        }
    days = WINDOW_OF[measure]
    if measure.value.startswith("amount"):
        return _(
            "What a customer paid on average on the %(days)s days after they came in, by value date; who paid nothing counts too."
        ) % {"days": days}
    return _(
        "Customers who paid anything on the %(days)s days after they came in, by value date; what was reversed is not paid."
    ) % {"days": days}


def shares_text(found: Results) -> str:
    """Return what the check of the shares says."""
    if found.mismatch is None:
        return _("Nobody is assigned yet.")
    if found.has_wrong_shares:
        return _(
            "The arms are not as large as planned: by chance that comes about in less than one of 1,000 experiments. "
            "Something keeps customers out of an arm; no difference below can be trusted."
        )
    return _(
        "The arms are as large as planned: shares this far off, or further, come about by chance in %(share)s %% of experiments."
    ) % {"share": f"{100 * found.mismatch:.0f}" if found.mismatch >= 0.01 else f"{100 * found.mismatch:.1f}"}


def verdict_text(found: Results, row: ArmResult, champion: ArmResult, measure: Measure) -> str:
    """Return what the deciding measure says of a challenger, in a sentence."""
    figure = row.figure(measure)
    values = {
        "arm": row.arm.code,
        "champion": champion.arm.code,
        "measure": str(measure.label),
        "mine": value_text(figure, found.currency),
        "theirs": value_text(champion.figure(measure), found.currency),
    }
    if found.is_too_early:
        return _(
            "Too early: %(measured)s of %(planned)s planned customers are measured. What stands below decides nothing yet."
        ) % {
            "measured": number_text(found.measured),
            "planned": number_text(found.planned),
        }
    tone = tone_of(figure)
    if tone == "ok":
        return _("%(arm)s is better than %(champion)s: %(measure)s, %(mine)s against %(theirs)s.") % values
    if tone == "bad":
        return _("%(arm)s is worse than %(champion)s: %(measure)s, %(mine)s against %(theirs)s.") % values
    return _("No difference is shown between %(arm)s and %(champion)s: %(measure)s, %(mine)s against %(theirs)s.") % values


def cost_text(row: ArmResult) -> str:
    """Return what the messages of an arm cost, by customer and in all."""
    if not row.cost_customers:
        return "–"
    each = row.cost / row.cost_customers
    return _("%(each)s a customer, %(all)s in all (%(currency)s)") % {
        "each": f"{each:.4f}",
        "all": f"{row.cost:,.2f}",
        "currency": settings.MESSAGE_COST_CURRENCY,
    }
