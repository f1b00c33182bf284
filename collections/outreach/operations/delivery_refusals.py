"""Why something about providers and replies was refused."""

from __future__ import annotations

from django.utils.translation import gettext as _

from outreach.operations.refusals import OutreachRefusal


class ProviderUnknown(OutreachRefusal):
    """No provider of this installation."""

    about = "provider"
    status = 404

    def __init__(self, provider: str) -> None:
        super().__init__(_("No channel here goes by a provider %(provider)s.") % {"provider": provider})


class ProviderNotPassedOver(OutreachRefusal):
    """It is used already."""

    about = "provider"
    status = 409

    def __init__(self, provider: str) -> None:
        super().__init__(_("Messages go by %(provider)s already; there is no wait to end.") % {"provider": provider})


class ReplyUnknown(OutreachRefusal):
    """No such reply, or none that the person may see."""

    status = 404

    def __init__(self, reply_id: int) -> None:
        super().__init__(_("There is no reply %(id)s; load the page again.") % {"id": reply_id})


class ReplyRead(OutreachRefusal):
    """Somebody read it before."""

    status = 409

    def __init__(self, read_by: str) -> None:
        super().__init__(_("%(who)s has read it already.") % {"who": read_by})
