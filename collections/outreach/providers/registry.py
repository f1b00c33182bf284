"""Which providers carry a channel, in which order; which of them is asked now."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cache
from typing import Final

from django.conf import settings

from outreach.operations.delivery_health import is_usable
from outreach.providers.aliyun import AliyunProvider
from outreach.providers.anymail import AnymailProvider
from outreach.providers.http_signed import HttpPushProvider, HttpSmsProvider
from outreach.providers.interface import Provider
from outreach.providers.local import LocalProvider
from outreach.providers.smtp import SmtpProvider
from outreach.providers.twilio import TwilioProvider
from outreach.rules.contacts import Channel

#: Every provider there is, by its name in the settings.
KNOWN: Final[dict[str, type[Provider]]] = {
    kind.name: kind
    for kind in (
        LocalProvider,
        SmtpProvider,
        AnymailProvider,
        AliyunProvider,
        TwilioProvider,
        HttpSmsProvider,
        HttpPushProvider,
    )
}
#: The setting that lists the providers of a channel, the preferred one first.
SETTINGS: Final = {Channel.SMS: "SMS_PROVIDERS", Channel.EMAIL: "EMAIL_PROVIDERS", Channel.PUSH: "PUSH_PROVIDERS"}


def names_of(channel: Channel) -> list[str]:
    """Return the names that the settings list for a channel, those that are none included (checks.py tells of them)."""
    return [name.strip() for name in getattr(settings, SETTINGS[channel]) if name.strip()]


def providers_of(channel: Channel) -> tuple[Provider, ...]:
    """Return the providers of a channel, the preferred one first."""
    found = (_provider(name) for name in dict.fromkeys(names_of(channel)) if name in KNOWN)
    return tuple(provider for provider in found if channel in provider.channels)


def provider_named(name: str) -> Provider | None:
    """Return a provider that carries a channel of this installation, None for any other name."""
    if any(name in names_of(channel) for channel in SETTINGS) and name in KNOWN:
        return _provider(name)
    return None


def pick(
    providers: Iterable[Provider], now: datetime, not_these: Collection[str] = (), healthy: Collection[str] = ()
) -> Provider | None:
    """Return the provider that a message goes by: the first that works.

    One that rested long enough is tried with one message: whoever is given it must tell how it went (`note_result`).

    :param providers: those that carry the message, the preferred one first
    :param not_these: names of those that this message was tried with already
    :param healthy: names of those that work, for whoever has just read them for many messages
    """
    for provider in providers:
        if provider.name not in not_these and (provider.name in healthy or is_usable(provider.name, now)):
            return provider
    return None


def any_works(providers: Iterable[Provider], resting: Collection[str]) -> bool:
    """Return whether a message could go by one of some providers, one that may be tried after its rest included. Nobody is given
    the trial by asking.

    :param resting: names of those whose rest is not over (`passed_over`)
    """
    return any(provider.name not in resting for provider in providers)


@cache
def _provider(name: str) -> Provider:
    return KNOWN[name]()
