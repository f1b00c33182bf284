"""Which provider is asked next: failover, circuits, a person who ends the wait; and what the settings lack."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.checks import run_checks
from factories import make_user
from side_by_side import at_once
from vendors import HttpVendor, answers, nobody_listens

from outreach.models import ProviderHealth
from outreach.operations.delivery_health import note_result, passed_over, try_again
from outreach.operations.delivery_refusals import ProviderNotPassedOver, ProviderUnknown
from outreach.providers import registry
from outreach.providers.interface import Accepted, Outgoing, Refused, Unknown
from outreach.providers.registry import any_works, pick, provider_named, providers_of
from outreach.queries.providers import provider_names
from outreach.rules.contacts import Channel
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
NOW = datetime(2025, 3, 12, 4, tzinfo=UTC)
REST = timedelta(seconds=60)
OUTAGE = Refused("answered 503", is_outage=True)
MESSAGE = Outgoing(key="k", channel=Channel.SMS, address="13900000001", body="b", language="en", template_code="t")


@pytest.fixture(autouse=True)
def _two_ways(impatient: Any) -> None:
    registry._provider.cache_clear()
    impatient.SMS_PROVIDERS = ["http-sms", "local"]
    impatient.PROVIDER_FAILURES_TO_OPEN, impatient.PROVIDER_REST_SECONDS = 3, 60


def next_one(now: datetime, not_these: tuple[str, ...] = ()) -> str | None:
    provider = pick(providers_of(Channel.SMS), now, not_these)
    return provider.name if provider else None


def fails(times: int, now: datetime = NOW, result: Any = OUTAGE) -> None:
    for _time in range(times):
        note_result("http-sms", result, now)


def test_the_preferred_one_is_asked_until_it_fails_three_times_in_a_row() -> None:
    fails(2)
    assert next_one(NOW) == "http-sms"
    note_result("http-sms", Accepted("r"), NOW)
    fails(2)
    assert next_one(NOW) == "http-sms"
    fails(1, result=Unknown("sent, no answer: ReadTimeout"))
    assert next_one(NOW) == "local"
    row = ProviderHealth.objects.get()
    assert (row.provider, row.failures, row.open_until) == ("http-sms", 3, NOW + REST)
    assert (row.last_error, row.last_failed_at, row.last_answered_at) == ("sent, no answer: ReadTimeout", NOW, NOW)


def test_a_refusal_about_the_message_speaks_for_the_provider() -> None:
    fails(2)
    note_result("http-sms", Refused("answered 422: invalid_address", is_final=True, is_detail_dead=True), NOW)
    assert ProviderHealth.objects.get().failures == 0
    fails(2)
    note_result("http-sms", Refused("isv.BUSINESS_LIMIT_CONTROL"), NOW)
    assert ProviderHealth.objects.get().failures == 0


def test_to_ask_whether_any_works_gives_nobody_the_trial() -> None:
    fails(3)
    rests = [provider for provider in providers_of(Channel.SMS) if provider.name == "http-sms"]
    assert not any_works(rests, passed_over(NOW + REST - timedelta(seconds=1)))
    assert any_works(providers_of(Channel.SMS), passed_over(NOW))
    assert any_works(rests, passed_over(NOW + REST))
    assert next_one(NOW + REST) == "http-sms"


def test_after_its_rest_one_message_tries_it_and_the_others_go_by_the_next() -> None:
    fails(3)
    assert next_one(NOW + REST - timedelta(seconds=1)) == "local"
    later = NOW + REST
    assert [next_one(later) for _time in range(3)] == ["http-sms", "local", "local"]
    # The trial fails: it rests again, a whole one, from then on.
    fails(1, now=later + timedelta(seconds=5))
    assert next_one(later + REST) == "local"
    assert next_one(later + timedelta(seconds=65)) == "http-sms"
    note_result("http-sms", Accepted("r"), later + timedelta(seconds=66))
    assert [next_one(later + timedelta(seconds=66)) for _time in range(2)] == ["http-sms", "http-sms"]


def test_a_trial_that_is_never_heard_of_again_is_anothers_after_the_next_rest() -> None:
    fails(3)
    assert next_one(NOW + REST) == "http-sms"
    assert next_one(NOW + 2 * REST - timedelta(seconds=1)) == "local"
    assert next_one(NOW + 2 * REST) == "http-sms"


def test_a_message_is_not_given_to_whom_it_was_tried_with_and_to_nobody_if_none_is_left() -> None:
    assert next_one(NOW, ("http-sms",)) == "local"
    assert next_one(NOW, ("http-sms", "local")) is None
    fails(3)
    assert next_one(NOW, ("local",)) is None
    # Passing over one that is due for its trial takes the trial from nobody.
    assert next_one(NOW + REST, ("http-sms",)) == "local"
    assert next_one(NOW + REST) == "http-sms"


def test_a_working_provider_is_written_about_once_a_minute() -> None:
    note_result("http-sms", Accepted("1"), NOW)
    note_result("http-sms", Accepted("2"), NOW + timedelta(seconds=59))
    assert ProviderHealth.objects.get().last_answered_at == NOW
    note_result("http-sms", Accepted("3"), NOW + timedelta(seconds=60))
    assert ProviderHealth.objects.get().last_answered_at == NOW + timedelta(seconds=60)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_ask_at_the_end_of_a_rest_one_has_the_trial() -> None:
    fails(3)
    picked = at_once([lambda: next_one(NOW + REST)] * 4)
    assert sorted(picked) == ["http-sms", "local", "local", "local"]


@pytest.mark.django_db(transaction=True)
def test_no_failure_is_lost_among_those_that_come_at_once() -> None:
    at_once([lambda: fails(1)] * 4)
    assert ProviderHealth.objects.get().failures == 4


def test_messages_of_an_outage_go_by_the_next_provider_and_come_back_after_it(vendor: HttpVendor, impatient: Any) -> None:
    """The whole way, with a vendor that goes away and returns."""
    impatient.HTTP_SMS_SECRET, impatient.HTTP_SMS_URL = "s", nobody_listens()

    def send(number: int, now: datetime) -> str:
        tried: list[str] = []
        while True:
            provider = pick(providers_of(Channel.SMS), now, tried)
            assert provider is not None
            result = provider.send(
                Outgoing(key=f"k{number}", channel=Channel.SMS, address="1", body="b", language="en", template_code="t")
            )
            note_result(provider.name, result, now)
            if isinstance(result, Accepted):
                return result.reference
            tried.append(provider.name)

    assert [send(number, NOW) for number in range(4)] == ["local:k0", "local:k1", "local:k2", "local:k3"]
    assert ProviderHealth.objects.get(provider="http-sms").failures == 3, "the fourth did not knock again"
    impatient.HTTP_SMS_URL, vendor.script = vendor.url, [answers(202, {"reference": "back"})]
    assert [send(number, NOW + REST) for number in (4, 5)] == ["back", "back"]
    assert len(vendor.asked) == 2


# A person --------------------------------------------------------------------------------------------------------------


def test_a_person_ends_the_wait_and_the_trail_says_who() -> None:
    fails(3)
    lead = make_user(Role.TEAM_LEAD)
    try_again(actor=Actor.of(lead), provider="http-sms", names=provider_names(), now=NOW)
    assert next_one(NOW) == "http-sms"
    row = ProviderHealth.objects.get()
    assert (row.failures, row.open_until, row.last_error) == (0, None, "answered 503")
    line = AuditEntry.objects.get()
    assert (line.action, line.subject_key, line.actor_id) == ("provider.try_again", "http-sms", lead.pk)
    assert line.before == {"failures": 3, "open_until": "2025-03-12T04:01:00+00:00"}


def test_what_is_not_passed_over_or_not_here_is_refused_and_nothing_changes() -> None:
    actor = Actor.of(make_user(Role.MANAGER))
    fails(2)
    with pytest.raises(ProviderNotPassedOver):
        try_again(actor=actor, provider="http-sms", names=provider_names(), now=NOW)
    for name in ("twilio", "nobody"):
        with pytest.raises(ProviderUnknown):
            try_again(actor=actor, provider=name, names=provider_names(), now=NOW)
    assert ProviderHealth.objects.get().failures == 2
    assert not AuditEntry.objects.exists()


# Settings --------------------------------------------------------------------------------------------------------------


def test_providers_stand_in_the_order_of_the_setting_once_each_and_only_those_of_the_channel(impatient: Any) -> None:
    impatient.SMS_PROVIDERS = [" http-sms ", "local", "http-sms", "smtp", "nobody", ""]
    assert [provider.name for provider in providers_of(Channel.SMS)] == ["http-sms", "local"]
    assert providers_of(Channel.SMS)[0] is provider_named("http-sms"), "one instance, so that its connections are kept"
    assert provider_named("twilio") is None, "not of this installation"
    assert provider_named("nobody") is None


def complaints() -> dict[str, str]:
    return {message.id or "": message.msg for message in run_checks() if str(message.id).startswith("outreach.")}


def test_as_shipped_nothing_is_missing(impatient: Any) -> None:
    impatient.SMS_PROVIDERS = impatient.EMAIL_PROVIDERS = impatient.PUSH_PROVIDERS = ["local"]
    assert complaints() == {}


def test_the_checks_say_what_the_settings_lack(impatient: Any) -> None:
    impatient.SMS_PROVIDERS = ["aliyun", "pigeon", "smtp"]
    impatient.EMAIL_PROVIDERS = []
    assert complaints() == {
        "outreach.E001": "EMAIL_PROVIDERS names no provider.",
        "outreach.E002": "SMS_PROVIDERS names pigeon, which is no provider.",
        "outreach.E003": "SMS_PROVIDERS names smtp, which does not carry sms.",
        "outreach.E004": "The provider smtp lacks EMAIL_URL, EMAIL_FROM.",
    }
    found = [message.msg for message in run_checks() if message.id == "outreach.E004"]
    assert found[0] == (
        "The provider aliyun lacks ALIYUN_SMS_ACCESS_KEY_ID, ALIYUN_SMS_ACCESS_KEY_SECRET, ALIYUN_SMS_SIGN_NAME, "
        "ALIYUN_SMS_TEMPLATES, ALIYUN_SMS_WEBHOOK_SECRET."
    )


def test_production_is_warned_of_messages_that_go_nowhere(impatient: Any) -> None:
    impatient.ENVIRONMENT_NAME = "production"
    impatient.SMS_PROVIDERS = impatient.EMAIL_PROVIDERS = ["local"]
    impatient.PUSH_PROVIDERS = ["http-push"]
    impatient.HTTP_PUSH_URL, impatient.HTTP_PUSH_SECRET = "https://push.example.com", "s"
    assert complaints() == {"outreach.W001": "EMAIL_PROVIDERS names local: those messages go nowhere."}
