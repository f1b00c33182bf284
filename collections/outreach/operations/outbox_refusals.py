"""Why a message is left as it is."""

from __future__ import annotations

from django.utils.translation import gettext as _

from outreach.operations.refusals import OutreachRefusal


class MessageUnknown(OutreachRefusal):
    """No such message, or none that the person may see."""

    status = 404

    def __init__(self, message_id: int) -> None:
        super().__init__(_("There is no message %(number)s in the outbox.") % {"number": message_id})


class MessageNotQueued(OutreachRefusal):
    """It does not wait any more."""

    status = 409

    def __init__(self, state: str) -> None:
        super().__init__(_("The message is in the state “%(state)s”; only one that waits can be stopped.") % {"state": state})


class MessageNotToResend(OutreachRefusal):
    """It has gone out, or is on its way, or was stopped."""

    status = 409

    def __init__(self, state: str) -> None:
        super().__init__(
            _(
                "The message is in the state “%(state)s”; sent again is what was given up, did not arrive, or may not have gone "
                "out."
            )
            % {"state": state}
        )


class MessageNotToDrop(OutreachRefusal):
    """It does not lie with the dead letters."""

    status = 409

    def __init__(self, state: str) -> None:
        super().__init__(_("The message is in the state “%(state)s”; dropped is what a person must see to.") % {"state": state})


class NothingChosen(OutreachRefusal):
    """No message was chosen."""

    about = "messages"

    def __init__(self) -> None:
        super().__init__(_("No message is chosen; tick those it is about."))


class NothingToCorrect(OutreachRefusal):
    """No message like that was sent, or all are corrected already."""

    about = "step"

    def __init__(self) -> None:
        super().__init__(
            _("No message like this was sent that is not corrected already; look at the outbox for the step and the day.")
        )


class CorrectionChanged(OutreachRefusal):
    """The messages are other ones than were shown."""

    about = "expected"
    status = 409

    def __init__(self, shown: int, found: int) -> None:
        super().__init__(
            _("%(shown)s messages were shown and it would be %(found)s now; look at them again.")
            % {"shown": shown, "found": found}
        )


class CorrectionTemplateMissing(OutreachRefusal):
    """There is nothing to say."""

    about = "step"

    def __init__(self, codes: list[str]) -> None:
        super().__init__(
            _("No version of template %(codes)s holds today; approve one, then correct.") % {"codes": ", ".join(codes)}
        )


class CorrectionTooWide(OutreachRefusal):
    """Neither a step, nor a day, nor a strategy is named."""

    about = "step"

    def __init__(self) -> None:
        super().__init__(_("Name a step, a day or a strategy: everything that was ever sent is not corrected at once."))
