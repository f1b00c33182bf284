"""Message templates: what their versions may say. Their life is that of every version (operations/versions.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import CreditAccount
from accounts.roles import REVEAL_PERSON
from outreach.models import MessageTemplate
from outreach.operations.version_refusals import VersionMalformed
from outreach.operations.versions import Kind, Status
from outreach.rendering import Text, example_values, problems_of, render
from outreach.rendering.values import account_values
from outreach.rendering.writing import uses_name
from outreach.roles import APPROVE_MESSAGE_TEMPLATE, DRAFT_MESSAGE_TEMPLATE
from riskops.shared.audit import Actor, record
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.personal import masked_name


def _check_text(template: MessageTemplate) -> None:
    """Refuse what could not go to customers, and another channel than the code has."""
    earlier = TEMPLATES.of(template.code).filter(status=Status.APPROVED).exclude(channel=template.channel).first()
    if earlier is not None:
        text = _("%(template)s goes by %(channel)s, and steps of strategies count on it; another channel takes another code.")
        raise VersionMalformed("channel", text % {"template": earlier, "channel": earlier.get_channel_display()})
    latest = TEMPLATES.of(template.code).filter(status=Status.APPROVED).order_by("-version").first()
    if latest is not None and latest.purpose != template.purpose:
        # The gate judges a message by its step's purpose: a notice that became a reminder would pass what only a notice may.
        text = _("%(template)s is for: %(purpose)s. Steps of strategies count on it; another purpose takes another code.")
        raise VersionMalformed("purpose", text % {"template": latest, "purpose": latest.get_purpose_display()})
    problems = problems_of(template)
    if problems:
        raise VersionMalformed(problems[0].field, problems[0].text)


#: A slip in a text can be mended today: each message keeps the version that it was written from.
TEMPLATES: Final = Kind(
    model=MessageTemplate,
    subject="message template",
    draft=DRAFT_MESSAGE_TEMPLATE,
    approve=APPROVE_MESSAGE_TEMPLATE,
    check=_check_text,
    days_ahead=0,
)


@dataclass(frozen=True, slots=True)
class AccountPreview:
    """A message as an account's customer would read it now. `is_masked`: but for the name, which the person may not see."""

    text: Text
    language: str
    is_masked: bool


@transaction.atomic
def preview_with_account(*, actor: Actor, template: MessageTemplate, account: CreditAccount, may_reveal: bool) -> AccountPreview:
    """Return the message that an account would get now; nothing is sent. Where it shows the customer's name, that is recorded.

    :param may_reveal: whether the person may see personal data; else the name is masked, and nothing is revealed
    :raises ConflictDeclared: whoever asks has a conflict with the customer
    :raises ValueMissing, TextTooLong, TemplateUnfit: what the account would not get, and why
    """
    refuse_conflict(actor, account.customer_id)
    language = account.customer.language
    values = account_values(account, language=language, channel=template.channel)
    # Whoever has a customer's link acts as the customer.
    values["customer_page"] = example_values(language, template.channel)["customer_page"]
    has_name = "customer_name" in values and uses_name(template, language)
    if has_name and not may_reveal:
        values["customer_name"] = masked_name(values["customer_name"])
    text = render(template, values, language)
    if has_name and may_reveal:
        record(
            actor=actor,
            action=REVEAL_PERSON,
            subject_type="customer",
            subject_key=account.customer.customer_no,
            account_id=account.pk,
            after={"fields": ["name"]},
            reason=_("preview of the message template %(template)s") % {"template": str(template) if template.pk else "–"},
        )
    return AccountPreview(text, language, is_masked=has_name and not may_reveal)
