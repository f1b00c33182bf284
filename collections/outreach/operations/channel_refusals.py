"""Why the page of channels shows nothing."""

from __future__ import annotations

from django.utils.translation import gettext as _

from outreach.operations.refusals import OutreachRefusal


class ChannelPeriodMalformed(OutreachRefusal):
    """The days are in the wrong order, or too many."""

    about = "last"

    def __init__(self, most: int) -> None:
        super().__init__(_("Give a first and a last day in this order, at most %(most)s days.") % {"most": most})
