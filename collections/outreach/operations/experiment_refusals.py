"""Why something about experiments was refused. Each message says what, why and what next, with the values."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from outreach.operations.refusals import OutreachRefusal
from riskops.shared.wording import day_text


class ExperimentNotTried(OutreachRefusal):
    """What it says now was never tried on the book."""

    status = 409

    def __init__(self, experiment: str) -> None:
        super().__init__(
            _("%(strategy)s as it stands now was not tried on the book; run it dry first.") % {"strategy": experiment}
        )


class NoBookToTry(OutreachRefusal):
    """The book has reached no day yet."""

    status = 409

    def __init__(self) -> None:
        super().__init__(_("No day of this book is closed yet, so there is nobody to count; close its first day."))


class RuleTakesTooLong(OutreachRefusal):
    """The rule of who takes part is too slow for every close."""

    about = "rule"


class ProductOfOtherExperiment(OutreachRefusal):
    """Another experiment runs, or will, on one of the products."""

    about = "products"
    status = 409

    def __init__(self, product_code: str, experiment: str) -> None:
        super().__init__(
            _("Product %(product)s is in %(experiment)s, which is not concluded; a product is in one experiment at a time.")
            % {"product": product_code, "experiment": experiment}
        )


class StrategyDoesNotHold(OutreachRefusal):
    """An arm names a strategy that has no version on the first day."""

    about = "arms"

    def __init__(self, strategy: str, day: date) -> None:
        super().__init__(
            _("Strategy %(strategy)s has no version that holds on %(day)s; have one approved first, or begin later.")
            % {"strategy": strategy, "day": day_text(day)}
        )


class ExperimentNotRunning(OutreachRefusal):
    """It has not begun, or has ended."""

    status = 409

    def __init__(self, experiment: str, stage: str) -> None:
        super().__init__(
            _("%(experiment)s: %(stage)s. Only an experiment that has begun and is not stopped can be concluded.")
            % {"experiment": experiment, "stage": stage}
        )


class ArmNotPromotable(OutreachRefusal):
    """The champion, an arm without contact, or none of its arms."""

    about = "arm"

    def __init__(self, arm: str, experiment: str) -> None:
        super().__init__(
            _("Arm %(arm)s of %(experiment)s cannot be promoted: only a challenger with a strategy. To keep all, stop it.")
            % {"arm": arm, "experiment": experiment}
        )


class TooEarlyToPromote(OutreachRefusal):
    """Not so many customers as planned have been measured, or their shares are wrong."""

    status = 409

    def __init__(self, measured: int, planned: int) -> None:
        super().__init__(
            _("%(measured)s of %(planned)s planned customers are measured; it is too early. Wait, or stop the experiment.")
            % {"measured": measured, "planned": planned}
        )


class SharesMismatch(OutreachRefusal):
    """The arms are not as large as they should be, so that no comparison holds."""

    status = 409

    def __init__(self) -> None:
        super().__init__(
            _("The arms differ from their planned shares by more than chance explains: no result can be trusted. Stop it.")
        )
