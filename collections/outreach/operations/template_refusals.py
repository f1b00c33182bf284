"""Why a message was not written, or a template not taken."""

from __future__ import annotations

from django.utils.translation import gettext as _

from outreach.operations.refusals import OutreachRefusal
from outreach.rules.message_text import Overlong, Part


class RenderingRefused(OutreachRefusal):
    """A message that cannot be written: it is set aside with the reason, and not sent."""


class ValueMissing(RenderingRefused):
    """A variable has no value for the account."""

    def __init__(self, name: str) -> None:
        super().__init__(
            _("“%(variable)s” has no value for this account, and nothing is said instead; the message would have a hole.")
            % {"variable": name}
        )
        self.name = name


class TextTooLong(RenderingRefused):
    """With its values it is longer than the channel takes."""

    def __init__(self, found: Overlong) -> None:
        super().__init__(overlong_text(found))
        self.found = found


class TemplateUnfit(RenderingRefused):
    """The text is no template."""

    def __init__(self, template: str) -> None:
        super().__init__(_("%(template)s cannot be read as a template; mend it, its page says where.") % {"template": template})


class PreviewAccountUnknown(OutreachRefusal):
    """No such account, or none that the person may see."""

    about = "account_no"
    status = 404

    def __init__(self, account_no: str) -> None:
        super().__init__(_("There is no account %(account)s in this book.") % {"account": account_no})


def overlong_text(found: Overlong) -> str:
    """Return what is too long, with the figures."""
    figures = {"had": found.had, "most": found.most}
    if found.in_segments:
        return _("It takes %(had)s segments as an SMS; %(most)s are allowed. Shorten it.") % figures
    if found.part is Part.SUBJECT:
        return _("The subject has %(had)s characters; %(most)s are shown whole. Shorten it.") % figures
    return _("The text has %(had)s characters; %(most)s are shown whole. Shorten it.") % figures
