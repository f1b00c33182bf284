"""Why a step of a version was refused: of a contact policy, a strategy, a template, an experiment or an article."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _

from outreach.operations.refusals import OutreachRefusal
from riskops.shared.wording import day_text


class VersionUnknown(OutreachRefusal):
    """There is no such version."""

    status = 404

    def __init__(self, key: str, version: int | None = None) -> None:
        name = key if version is None else f"{key} v{version}"
        super().__init__(_("There is no %(version)s; load the list again.") % {"version": name})


class DraftThere(OutreachRefusal):
    """The next version is in work already."""

    status = 409

    def __init__(self, policy: str) -> None:
        super().__init__(_("%(policy)s is in work already; change that draft, or drop it first.") % {"policy": policy})


class NotDraft(OutreachRefusal):
    """What was asked is done to drafts only."""

    status = 409

    def __init__(self, policy: str, status: str) -> None:
        super().__init__(
            _("%(policy)s is %(status)s and takes no change; draft the next version.") % {"policy": policy, "status": status}
        )


class NotProposed(OutreachRefusal):
    """What was asked is done to proposed versions only."""

    status = 409

    def __init__(self, policy: str, status: str) -> None:
        super().__init__(
            _("%(policy)s is %(status)s; only a version that waits for approval can be approved or sent back.")
            % {"policy": policy, "status": status}
        )


class VersionStale(OutreachRefusal):
    """Somebody changed the draft meanwhile."""

    status = 409

    def __init__(self, policy: str) -> None:
        super().__init__(
            _("%(policy)s was changed meanwhile; load the page again and make your change on it.") % {"policy": policy}
        )


class VersionMalformed(OutreachRefusal):
    """A figure that cannot be."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.about = field  # type: ignore[misc]


class OwnDraft(OutreachRefusal):
    """Who wrote it may not approve it."""

    status = 403

    def __init__(self, policy: str, editors: Sequence[str]) -> None:
        super().__init__(
            _("You wrote %(policy)s, or a part of it (%(people)s did): somebody else must approve it.")
            % {"policy": policy, "people": ", ".join(editors)}
        )


class DayBegun(OutreachRefusal):
    """It would hold on days that are over, or have begun where a day knows one version only."""

    about = "live_from"

    def __init__(self, live_from: date, earliest: date) -> None:
        super().__init__(
            _("It cannot hold from %(day)s; the earliest day is %(earliest)s.")
            % {"day": day_text(live_from), "earliest": day_text(earliest)}
        )


class DayTaken(OutreachRefusal):
    """Another version of the same begins on that day."""

    about = "live_from"
    status = 409

    def __init__(self, policy: str, live_from: date) -> None:
        super().__init__(
            _("%(policy)s begins on %(day)s; use another day, or have that version withdrawn.")
            % {"policy": policy, "day": day_text(live_from)}
        )


class ProductOfOtherProfile(OutreachRefusal):
    """Another profile names the product on a day on which this one would."""

    about = "products"

    def __init__(self, product_code: str, policy: str) -> None:
        super().__init__(
            _("Product %(product)s follows %(policy)s; take it out of that profile first.")
            % {"product": product_code, "policy": policy}
        )


class VersionHasBegun(OutreachRefusal):
    """It holds, or has held."""

    status = 409

    def __init__(self, policy: str, live_from: date | None) -> None:
        super().__init__(
            _("%(policy)s holds since %(day)s and stays in the log; replace it by a later version.")
            % {"policy": policy, "day": day_text(live_from) if live_from else "–"}
        )


class ApproverNeeded(OutreachRefusal):
    """What was approved is withdrawn by somebody who may approve."""

    status = 403

    def __init__(self, version: str) -> None:
        super().__init__(_("%(version)s is approved; ask somebody who may approve it to withdraw it.") % {"version": version})
