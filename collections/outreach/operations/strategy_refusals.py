"""Why something about strategies was refused. Each message says what, why and what next, with the values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from outreach.operations.refusals import OutreachRefusal


@dataclass(frozen=True, slots=True)
class LadderProblem:
    """One thing that is wrong with a ladder, in words: by step (from 0, None for the ladder itself) and field."""

    step: int | None
    field: str
    message: str


class LadderMalformed(OutreachRefusal):
    """Steps that cannot be; `problems` has all that is wrong."""

    about = "steps"

    def __init__(self, problems: Sequence[LadderProblem]) -> None:
        super().__init__(" ".join(f"{_where(problem)}{problem.message}" for problem in problems))
        self.problems = tuple(problems)


def _where(problem: LadderProblem) -> str:
    return "" if problem.step is None else f"steps[{problem.step}].{problem.field}: "


class ProductOfOtherStrategy(OutreachRefusal):
    """Another strategy names the product on a day on which this one would."""

    about = "products"

    def __init__(self, product_code: str, strategy: str) -> None:
        super().__init__(
            _("Product %(product)s follows %(strategy)s; take it out of that strategy first.")
            % {"product": product_code, "strategy": strategy}
        )


class NotTried(OutreachRefusal):
    """What it says now was never tried on the book."""

    about = "dry_run"
    status = 409

    def __init__(self, strategy: str) -> None:
        super().__init__(_("%(strategy)s as it stands now was not tried on the book; run it dry first.") % {"strategy": strategy})


class NothingToTryOn(OutreachRefusal):
    """The book has reached no day yet."""

    status = 409

    def __init__(self) -> None:
        super().__init__(_("No day of this book is closed yet, so there is nothing to try a strategy on; close its first day."))


class BookIsFrozen(OutreachRefusal):
    """Customers of a frozen book are not written to."""

    status = 409

    def __init__(self) -> None:
        super().__init__(
            _("The nightly close is paused or no day is closed yet: nothing is planned. Let the nightly close run again first.")
        )


class NothingDue(OutreachRefusal):
    """No step is due."""

    status = 409

    def __init__(self, account_no: str) -> None:
        super().__init__(
            _("No step is due for %(account)s that was not planned; there is nothing to queue.") % {"account": account_no}
        )
