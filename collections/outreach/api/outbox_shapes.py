"""What goes over the API of the outbox."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.queries.notices import StuckNotices
from outreach.models import Message, MessageAttempt, MessageReceipt
from outreach.operations.outbox import MOST_AT_ONCE
from outreach.outbox_wording import reason_text
from outreach.queries.outbox import MessagePage
from outreach.queries.unfit_steps import UnfitStep


class MessageShape(serializers.Serializer[Any]):
    """One message. `reason` is a code where there is one, `why` the words for it."""

    id = serializers.IntegerField()
    account_no = serializers.CharField()
    customer_no = serializers.CharField()
    step = serializers.CharField()
    episode = serializers.DateField()
    channel = serializers.CharField()
    purpose = serializers.CharField()
    template = serializers.CharField()
    status = serializers.ChoiceField(Message.Status.values)
    reason = serializers.CharField()
    why = serializers.CharField()
    planned_on = serializers.DateField()
    expires_on = serializers.DateField(allow_null=True)
    due_at = serializers.DateTimeField()
    priority = serializers.IntegerField()
    provider = serializers.CharField()
    reference = serializers.CharField()
    attempts = serializers.IntegerField()
    sent_at = serializers.DateTimeField(allow_null=True)
    settled_at = serializers.DateTimeField(allow_null=True)


def message_out(message: Message) -> dict[str, Any]:
    """Return a message as the API gives it."""
    columns = (
        *("step", "episode", "channel", "purpose", "status", "reason", "planned_on", "expires_on", "due_at", "priority"),
        *("provider", "reference", "attempts", "sent_at", "settled_at"),
    )
    return {
        "id": message.pk,
        "account_no": message.account.account_no,
        "customer_no": message.customer.customer_no,
        "template": message.template_code,
        "why": reason_text(message.reason),
        **{name: getattr(message, name) for name in columns},
    }


class AttemptShape(serializers.ModelSerializer[MessageAttempt]):
    """One try: under which key it was handed to which provider, and how it ended."""

    class Meta:
        model = MessageAttempt
        fields = ("number", "key", "provider", "reference", "state", "reason", "began_at", "ended_at", "contact")


class ReceiptShape(serializers.ModelSerializer[MessageReceipt]):
    """What a provider reported."""

    class Meta:
        model = MessageReceipt
        fields = ("provider", "event_id", "state", "is_detail_dead", "detail", "at", "received_at")


class MessageDetailShape(MessageShape):
    """One message with its tries and receipts. Name, numbers and addresses of the customer are hidden in the text."""

    address = serializers.CharField()
    subject = serializers.CharField()
    body = serializers.CharField()
    tries = AttemptShape(many=True)
    receipts = ReceiptShape(many=True)


def message_detail_out(page: MessagePage) -> dict[str, Any]:
    """Return one message with all that is known of it."""
    return {
        **message_out(page.message),
        "address": page.address,
        "subject": page.subject,
        "body": page.body,
        "tries": AttemptShape(page.tries, many=True).data,
        "receipts": ReceiptShape(page.receipts, many=True).data,
    }


class OutboxShape(serializers.Serializer[Any]):
    """A page of messages. `next` goes into `after`."""

    results = MessageShape(many=True)
    next = serializers.CharField(allow_blank=True)


class CountShape(serializers.Serializer[Any]):
    """How many messages of a state there are, by channel."""

    status = serializers.ChoiceField(Message.Status.values)
    channels = serializers.DictField(child=serializers.IntegerField())
    total = serializers.IntegerField()


class StuckNoticeShape(serializers.Serializer[Any]):
    """A notice that could not be taken into the outbox. `about`, `reference` and `id` say of what it tells; `failure` is the kind
    of the error.
    """

    about = serializers.ChoiceField(["decision", "application", "debit"])
    reference = serializers.CharField()
    id = serializers.IntegerField()
    failures = serializers.IntegerField()
    failure = serializers.CharField()
    retry_at = serializers.DateTimeField()


class StuckNoticesShape(serializers.Serializer[Any]):
    """How many notices could not be taken and are tried again, and those that have waited longest."""

    count = serializers.IntegerField()
    notices = StuckNoticeShape(many=True)


def stuck_out(stuck: StuckNotices) -> dict[str, Any]:
    """Return the notices that could not be taken as the API gives them."""
    columns = ("reference", "failures", "failure", "retry_at")
    return {
        "count": stuck.count,
        "notices": [
            {
                # The name of its page is that of what it is about.
                "about": notice.page.rpartition(":")[2],
                "id": notice.pk,
                **{name: getattr(notice, name) for name in columns},
            }
            for notice in stuck.rows
        ],
    }


class UnfitStepShape(serializers.Serializer[Any]):
    """A step of a strategy that holds whose template is written for another purpose: its messages are set aside."""

    strategy = serializers.CharField()
    version = serializers.IntegerField()
    step = serializers.CharField()
    template = serializers.CharField()


def unfit_out(unfit: UnfitStep) -> dict[str, Any]:
    """Return a step whose messages are set aside as the API gives it."""
    strategy = unfit.strategy
    return {"strategy": strategy.code, "version": strategy.version, "step": unfit.step, "template": unfit.template}


class CountsShape(serializers.Serializer[Any]):
    """The outbox now: open states whole, ended ones of a day.

    `notices` of decisions are not taken in yet, `stuck` those that could not be and are tried again; to those `elsewhere` no
    account leads.
    """

    day = serializers.DateField()
    is_off = serializers.BooleanField()
    behind_since = serializers.DateField(
        allow_null=True,
        help_text="The last closed day, where days up to yesterday are not closed: what they plan is late.",
    )
    is_feed_missing = serializers.BooleanField()
    notices = serializers.IntegerField()
    elsewhere = serializers.IntegerField()
    dead = serializers.IntegerField()
    states = CountShape(many=True)
    stuck = StuckNoticesShape()
    unfit_steps = UnfitStepShape(many=True)


class TextShape(serializers.Serializer[Any]):
    """What was said, in clear."""

    address = serializers.CharField()
    subject = serializers.CharField()
    body = serializers.CharField()


class DeadLettersRequest(serializers.Serializer[Any]):
    """What is to be done with which messages, and why."""

    act = serializers.ChoiceField(["resend", "drop"])
    messages = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=MOST_AT_ONCE)
    reason = serializers.CharField(max_length=500, allow_blank=True)


class DoneShape(serializers.Serializer[Any]):
    """To how many it was done, and why not to the others."""

    done = serializers.IntegerField()
    refused = serializers.ListField(child=serializers.CharField())


class WrongRequest(serializers.Serializer[Any]):
    """Which messages were sent wrongly: at least a step, a day or a strategy."""

    step = serializers.CharField(max_length=48, required=False, default="", allow_blank=True)
    planned_on = serializers.DateField(required=False, default=None, allow_null=True)
    strategy = serializers.CharField(max_length=32, required=False, default="", allow_blank=True)
    version = serializers.IntegerField(required=False, default=None, allow_null=True, min_value=1)
    paid_before = serializers.BooleanField(
        required=False,
        default=False,
        help_text="only reminders and demands to who had paid before the day they were sent",
    )


class CorrectRequest(WrongRequest):
    """The same, with the count that was previewed, and why."""

    expected = serializers.IntegerField(min_value=0)
    reason = serializers.CharField(max_length=500, allow_blank=True)


class PreviewShape(serializers.Serializer[Any]):
    """How many messages a correction would be."""

    count = serializers.IntegerField()
    by_channel = serializers.DictField(child=serializers.IntegerField())
    unknown = serializers.IntegerField(help_text="of them: not known whether they went out")
