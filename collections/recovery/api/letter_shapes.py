"""What programs send and get of letters, legal cases and the limitation clock. Amounts in minor units, rates in hundredths of a
percent.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from outreach.api.versions import COMMON, READ_ONLY
from recovery.models import LegalCase, LegalStage, Letter, LetterDocument, LetterPolicy, LetterTemplate, RecoveryFile
from recovery.models.legal import NOTED_CAUSES, STAGES
from recovery.operations.letters.sending import ENDS


class LetterDocumentShape(serializers.ModelSerializer[LetterDocument]):
    """The document a letter was printed as. The PDF is at `/letters/{id}/pdf/`."""

    class Meta:
        model = LetterDocument
        fields = ("dated", "total_minor", "pay_by", "template", "layout", "content_sha256", "pdf_sha256", "size_bytes", "made_at")

    template = serializers.CharField()


class RecoveryFileShape(serializers.ModelSerializer[RecoveryFile]):
    """A file of evidence."""

    class Meta:
        model = RecoveryFile
        fields = ("id", "name", "content_type", "size_bytes", "sha256", "added_at", "added_by_name")


class LetterShape(serializers.ModelSerializer[Letter]):
    """A lawyer letter with its cost-benefit line of the day it was proposed."""

    class Meta:
        model = Letter
        fields = (
            "id", "reference", "account_no", "status", "source", "policy", "template_code", "language", "currency",
            "days_past_due", "bucket", "balance_minor", "rate_bp", "expected_minor", "cost_minor", "net_minor",
            "is_outside_rule", "note", "proposed_on", "proposed_by_name", "decided_by_name", "decided_at", "reason", "problem",
            "sent_on", "carrier", "tracking_no", "ended_on", "evidence_note", "document", "files",
        )  # fmt: skip

    reference = serializers.CharField()
    account_no = serializers.CharField(source="account.account_no")
    policy = serializers.CharField()
    document = serializers.SerializerMethodField()
    files = RecoveryFileShape(many=True)

    @extend_schema_field(LetterDocumentShape(allow_null=True))
    def get_document(self, letter: Letter) -> Any:
        """Return the document, None before the letter is printed."""
        found = getattr(letter, "document", None)
        return LetterDocumentShape(found).data if found else None


class LetterPageShape(serializers.Serializer[Any]):
    """Letters of one tab; ask on with `after`."""

    letters = LetterShape(many=True)
    next_after = serializers.CharField(allow_blank=True)


class WeighedShape(serializers.Serializer[Any]):
    """An account weighed for a letter."""

    account_no = serializers.CharField()
    policy = serializers.CharField()
    currency = serializers.CharField()
    days_past_due = serializers.IntegerField()
    bucket = serializers.IntegerField()
    balance_minor = serializers.IntegerField()
    rate_bp = serializers.IntegerField()
    expected_minor = serializers.IntegerField()
    cost_minor = serializers.IntegerField()
    net_minor = serializers.IntegerField()
    is_outside_rule = serializers.BooleanField()
    obstacles = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))


class ProposeLetterRequest(serializers.Serializer[Any]):
    """A letter proposed by hand."""

    account_no = serializers.CharField(max_length=64)
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class ProposedShape(serializers.Serializer[Any]):
    """What a run by rule proposed. `is_bounded`: there were more than a run may propose."""

    letters = serializers.ListField(child=serializers.IntegerField())
    is_bounded = serializers.BooleanField()


class DecideRequest(serializers.Serializer[Any]):
    """Letters approved, or not."""

    letters = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=500)
    decision = serializers.ChoiceField(choices=["approve", "reject"])
    reason = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class DecidedShape(serializers.Serializer[Any]):
    """What came of each: the letters decided, and why the others were not."""

    done = serializers.ListField(child=serializers.IntegerField())
    refused = serializers.DictField(child=serializers.CharField())


class SendRequest(serializers.Serializer[Any]):
    """A printed letter handed to its carrier."""

    carrier = serializers.CharField(max_length=60)
    tracking_no = serializers.CharField(max_length=60)
    sent_on = serializers.DateField()


class EndRequest(serializers.Serializer[Any]):
    """How a letter ended."""

    outcome = serializers.ChoiceField(choices=[str(end) for end in ENDS])
    on = serializers.DateField()
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class EvidenceRequest(serializers.Serializer[Any]):
    """A file of evidence."""

    file = serializers.FileField()


class VerifyRequest(serializers.Serializer[Any]):
    """The digits at the foot of a letter's pages, or a SHA-256 of its file."""

    hash = serializers.CharField(max_length=100)


class VerifiedShape(serializers.Serializer[Any]):
    """Whether it is ours. No personal data."""

    is_ours = serializers.BooleanField()
    is_file = serializers.BooleanField()
    letter_id = serializers.IntegerField(allow_null=True)
    reference = serializers.CharField(allow_blank=True)
    dated = serializers.DateField(allow_null=True)
    state = serializers.CharField(allow_blank=True)


class LetterTemplateShape(serializers.ModelSerializer[LetterTemplate]):
    """One version of a letter's text. Variables stand in braces."""

    class Meta:
        model = LetterTemplate
        fields = ("code", *COMMON, *LetterTemplate.SAID)
        read_only_fields = ("code", *READ_ONLY)

    revision = serializers.IntegerField(min_value=1, help_text="that of the draft which was read; a later one is refused")


class LetterPolicyShape(serializers.ModelSerializer[LetterPolicy]):
    """One version of the figures. `bands`: [bucket from, amount from, rate]; `stages`: [stage, cost, rate]."""

    class Meta:
        model = LetterPolicy
        fields = ("code", *COMMON, *LetterPolicy.SAID)
        read_only_fields = ("code", *READ_ONLY)

    revision = serializers.IntegerField(min_value=1, help_text="that of the draft which was read; a later one is refused")
    bands = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))
    stages = serializers.ListField(child=serializers.ListField(child=serializers.JSONField()))


class DraftLetterVersionRequest(serializers.Serializer[Any]):
    """Which key to begin the next version of; with `code`, a new key as a copy of that one."""

    copy_of = serializers.CharField(max_length=48)
    code = serializers.CharField(max_length=48, required=False, default="", allow_blank=True)
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class LegalStageShape(serializers.ModelSerializer[LegalStage]):
    """A stage that a case went through."""

    class Meta:
        model = LegalStage
        fields = ("stage", "begun_on", "ended_on", "body", "docket_no", "cost_minor", "result")


class LegalCaseShape(serializers.ModelSerializer[LegalCase]):
    """A legal case with its stages and files."""

    class Meta:
        model = LegalCase
        fields = (
            "id", "reference", "account_no", "status", "stage", "currency", "claim_minor", "expected_minor", "cost_minor",
            "booked_minor", "note", "proposed_on", "proposed_by_name", "decided_by_name", "opened_on", "closed_on", "outcome",
            "reason", "version", "stages", "files",
        )  # fmt: skip

    reference = serializers.CharField()
    account_no = serializers.CharField(source="account.account_no")
    stages = LegalStageShape(many=True)
    files = RecoveryFileShape(many=True)


class ProposeCaseRequest(serializers.Serializer[Any]):
    """A legal case proposed."""

    account_no = serializers.CharField(max_length=64)
    stage = serializers.ChoiceField(choices=STAGES)
    note = serializers.CharField(max_length=500)


class DecideCaseRequest(serializers.Serializer[Any]):
    """A proposed case approved from a day, or not, with a reason."""

    version = serializers.IntegerField(min_value=1)
    decision = serializers.ChoiceField(choices=["approve", "reject"])
    on = serializers.DateField(required=False, allow_null=True, default=None)
    reason = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class MoveCaseRequest(serializers.Serializer[Any]):
    """The next stage of a case."""

    version = serializers.IntegerField(min_value=1)
    stage = serializers.ChoiceField(choices=STAGES)
    on = serializers.DateField()
    body = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
    docket_no = serializers.CharField(max_length=80, required=False, default="", allow_blank=True)
    result = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class NoteStageRequest(serializers.Serializer[Any]):
    """What is known of the present stage, and a cost to be booked."""

    version = serializers.IntegerField(min_value=1)
    body = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
    docket_no = serializers.CharField(max_length=80, required=False, default="", allow_blank=True)
    cost_minor = serializers.IntegerField(min_value=0, max_value=10**12, required=False, default=0)


class CloseCaseRequest(serializers.Serializer[Any]):
    """A case closed."""

    version = serializers.IntegerField(min_value=1)
    outcome = serializers.ChoiceField(choices=LegalCase.Outcome.choices)
    on = serializers.DateField()
    reason = serializers.CharField(max_length=500)


class StartShape(serializers.Serializer[Any]):
    """The period begun by a fact; `counts` is False of what came too late."""

    cause = serializers.CharField(source="fact.cause")
    on = serializers.DateField(source="fact.on")
    about = serializers.CharField(source="fact.about")
    since = serializers.DateField()
    runs_out_on = serializers.DateField()
    counts = serializers.BooleanField()


class ClockShape(serializers.Serializer[Any]):
    """The limitation clock of an account; `runs_out_on` null while proceedings run."""

    account_no = serializers.CharField()
    as_of = serializers.DateField()
    runs_out_on = serializers.DateField(allow_null=True)
    days_left = serializers.IntegerField(allow_null=True)
    has_run_out = serializers.BooleanField()
    starts = StartShape(many=True)


class NoteFactRequest(serializers.Serializer[Any]):
    """What restarts the clock."""

    cause = serializers.ChoiceField(choices=NOTED_CAUSES)
    on = serializers.DateField()
    evidence = serializers.CharField(max_length=500)


class WithdrawFactRequest(serializers.Serializer[Any]):
    """Why a noted fact is taken back."""

    reason = serializers.CharField(max_length=500)
