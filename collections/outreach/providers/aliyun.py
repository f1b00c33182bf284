"""SMS by Aliyun: SendSms, QuerySendDetails, and its two callbacks.

Sources: https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms, …-querysenddetails,
https://help.aliyun.com/document_detail/101867.html (SmsReport), https://help.aliyun.com/document_detail/101847.htm (SmsUp).
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from outreach.providers.aliyun_signature import Call, signed_headers
from outreach.providers.interface import (
    Accepted,
    CannotTell,
    Event,
    Found,
    Outgoing,
    Provider,
    Receipt,
    ReceiptState,
    Refused,
    Reply,
    Result,
    SignatureWrong,
    Unknown,
    WebhookMalformed,
    read_each,
    told,
)
from outreach.providers.transport import Answer, Vendor, by_status
from outreach.rules.contacts import Channel
from outreach.rules.phones import e164

_VERSION: Final = "2017-05-25"
#: Every time Aliyun writes is China's.
_CHINA: Final = ZoneInfo("Asia/Shanghai")
_PAGE: Final = 50
#: A report is pushed within the quarter of an hour after it is known, and known within three days.
_OLDEST_EVENT: Final = timedelta(days=4)
#: Source of the codes: https://help.aliyun.com/document_detail/101346.html
_DEAD: Final = frozenset({"isv.MOBILE_NUMBER_ILLEGAL"})
_NEVER: Final = frozenset({"isv.SMS_CONTENT_ILLEGAL", "isv.BLACK_KEY_CONTROL_LIMIT"})
#: About this number or template only: another provider may take it, and Aliyun itself works.
_THIS_ONE: Final = (
    "isv.BUSINESS_LIMIT_CONTROL",
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED",
    "isv.TEMPLATE",
    "isv.PARAM",
    "isv.INVALID_",
)
#: In reports: there is no such number. One that is out of service, switched off or blocked may come back.
#: Source: https://help.aliyun.com/en/sms/developer-reference/delivery-receipt-error-codes
_DEAD_REPORTS: Final = frozenset({"INVALID_NUMBER", "MK:0001"})


class AliyunProvider(Provider):
    """The message itself is Aliyun's template with our values; which one, ALIYUN_SMS_TEMPLATES says."""

    name: ClassVar[str] = "aliyun"
    channels: ClassVar[frozenset[Channel]] = frozenset({Channel.SMS})
    is_askable: ClassVar[bool] = True
    thanks: ClassVar[tuple[str, str]] = ("application/json", '{"code": 0, "msg": "OK"}')

    def __init__(self) -> None:
        self._vendor = Vendor()

    def missing_settings(self) -> list[str]:
        """Return what is empty: the keys, the sign name, the templates, the secret in the address of its callbacks."""
        names = ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SIGN_NAME", "TEMPLATES", "WEBHOOK_SECRET")
        return [f"ALIYUN_SMS_{name}" for name in names if not getattr(settings, f"ALIYUN_SMS_{name}")]

    def carries(self, template_code: str, language: str) -> bool:
        """Return whether Aliyun has registered the template: it sends no other text."""
        return template_of(template_code, language) is not None

    def send(self, outgoing: Outgoing) -> Result:
        """Hand a message over. Aliyun does not drop a second one."""
        number = _number(outgoing.address)
        if number is None:
            return Refused("not a telephone number", is_final=True, is_detail_dead=True)
        template = template_of(outgoing.template_code, outgoing.language)
        if template is None:
            return Refused(told(f"ALIYUN_SMS_TEMPLATES names no template for {outgoing.template_code} in {outgoing.language}"))
        parameters = {
            "PhoneNumbers": number,
            "SignName": settings.ALIYUN_SMS_SIGN_NAME,
            "TemplateCode": template,
            "TemplateParam": json.dumps(dict(outgoing.values), ensure_ascii=False),
            "OutId": outgoing.key,
        }
        answer = self._call("SendSms", parameters)
        if not isinstance(answer, Answer):
            return answer
        code = answer.text("Code")
        if answer.status == 200 and code == "OK" and answer.text("BizId"):
            return Accepted(answer.text("BizId"))
        return _refusal(answer, code)

    def find(self, key: str, *, address: str = "", sent_at: datetime | None = None) -> Found:
        """Look for a message among those to its number on its day. That it is not there proves nothing: the list lags."""
        number = _number(address)
        if number is None or sent_at is None:
            return CannotTell("Aliyun looks messages up by number and day")
        # Handed over before midnight, it may be listed after.
        days = {moment.astimezone(_CHINA).strftime("%Y%m%d") for moment in (sent_at, sent_at + timedelta(minutes=10))}
        for day in sorted(days):
            parameters = {"PhoneNumber": number, "SendDate": day, "PageSize": str(_PAGE), "CurrentPage": "1"}
            answer = self._call("QuerySendDetails", parameters)
            if not isinstance(answer, Answer):
                return CannotTell(answer.reason)
            if answer.status != 200 or answer.text("Code") != "OK":
                return CannotTell(told(f"answered {answer.status}: {answer.text('Code')}"))
            if any(_member(row, "OutId") == key for row in _rows(answer.data)):
                return Accepted(f"out-id:{key}")
        return CannotTell("not among the messages to this number yet")

    def read_webhook(self, body: bytes, headers: Mapping[str, str], url: str, now: datetime) -> list[Event]:
        """Return the reports or replies of a callback. Aliyun does not sign: a secret in the address stands for the signature."""
        given = parse_qs(urlsplit(url).query).get("secret", [""])[0]
        secret: str = settings.ALIYUN_SMS_WEBHOOK_SECRET
        if not secret or not hmac.compare_digest(secret.encode(), given.encode()):
            raise SignatureWrong("the secret in the address does not fit")
        try:
            rows = json.loads(body)
            if not isinstance(rows, list):
                raise ValueError("no list")
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as wrong:
            raise WebhookMalformed(told(f"cannot be read: {type(wrong).__name__} {wrong}")) from None
        newest = now + timedelta(seconds=settings.WEBHOOK_WINDOW_SECONDS)

        def check(receipt: Receipt) -> str:
            return "" if now - _OLDEST_EVENT <= receipt.at <= newest else "it tells of something that is too long ago or to come"

        return read_each(self.name, rows, lambda row: _reply(row) if "content" in row else _report(row), now, check=check)

    def _call(self, action: str, parameters: Mapping[str, str]) -> Answer | Refused | Unknown:
        call = Call(settings.ALIYUN_SMS_ENDPOINT, action, _VERSION, parameters)
        headers = signed_headers(
            call,
            key_id=settings.ALIYUN_SMS_ACCESS_KEY_ID,
            key_secret=settings.ALIYUN_SMS_ACCESS_KEY_SECRET,
            date=timezone.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            nonce=secrets.token_hex(16),
        )
        return self._vendor.ask("POST", call.url, headers=headers)


def template_of(code: str, language: str) -> str | None:
    """Return Aliyun's template for one of ours: that of the language, else that of all languages."""
    pairs = dict(pair.split(":", 1) for pair in settings.ALIYUN_SMS_TEMPLATES if ":" in pair)
    return pairs.get(f"{code}@{language}") or pairs.get(code)


def _number(address: str) -> str | None:
    """Return a number as Aliyun takes it: a Chinese one without country code, others with it and without +."""
    number = e164(address, settings.PHONE_COUNTRY_CODE)
    return None if number is None else number.removeprefix("+86") if number.startswith("+86") else number[1:]


def _refusal(answer: Answer, code: str) -> Refused | Unknown:
    said = f"{code} {answer.text('Message')}"
    if code in _DEAD or code in _NEVER:
        return Refused(told(said), is_final=True, is_detail_dead=code in _DEAD)
    if code.startswith(_THIS_ONE):
        return Refused(told(said))
    if answer.status < 500 and code and code != "OK" and code != "isp.SYSTEM_ERROR":
        # Keys, sign name, balance, flow control: whatever is wrong is wrong for every message.
        return Refused(told(said), is_outage=True)
    if code == "isp.SYSTEM_ERROR":
        return Unknown(told(said))
    return by_status(answer, said)


def _rows(data: Any) -> list[Any]:
    rows = data.get("SmsSendDetailDTOs") if isinstance(data, dict) else None
    found = rows.get("SmsSendDetailDTO") if isinstance(rows, dict) else None
    return found if isinstance(found, list) else []


def _member(row: Any, name: str) -> str:
    return str(row.get(name, "")) if isinstance(row, dict) else ""


def _report(row: dict[str, Any]) -> Receipt:
    is_delivered = row["success"]
    if not isinstance(is_delivered, bool):
        raise ValueError("success is neither true nor false")
    reference, code = str(row["biz_id"]), str(row.get("err_code", ""))
    return Receipt(
        provider=AliyunProvider.name,
        # A report has no id of its own. One message gets one report of each outcome; a batch shares the BizId.
        event_id=f"{reference}:{row.get('out_id', '')}:{'1' if is_delivered else '0'}",
        reference=reference,
        key=str(row.get("out_id") or ""),
        state=ReceiptState.DELIVERED if is_delivered else ReceiptState.UNDELIVERED,
        is_detail_dead=not is_delivered and code in _DEAD_REPORTS,
        at=_time(row["report_time"]),
        detail=told(f"{code} {row.get('err_msg', '')}"),
    )


def _reply(row: dict[str, Any]) -> Reply:
    at = _time(row["send_time"])
    return Reply(
        provider=AliyunProvider.name,
        event_id=f"up:{row['sequence_id']}",
        channel=Channel.SMS,
        address=str(row["phone_number"]),
        text=str(row["content"]),
        at=at,
    )


def _time(text: Any) -> datetime:
    return datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S").replace(tzinfo=_CHINA).astimezone(UTC)
