"""Aliyun: its published signature, its answers, its callbacks as its documents show them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from vendors import HttpVendor, answers, closes, never_answers, nobody_listens

from outreach.providers.aliyun import AliyunProvider
from outreach.providers.aliyun_signature import Call, signed_headers
from outreach.providers.interface import (
    Accepted,
    CannotTell,
    Outgoing,
    Receipt,
    ReceiptState,
    Refused,
    Reply,
    SignatureWrong,
    Unknown,
    UnreadEvent,
    WebhookMalformed,
)
from outreach.rules.contacts import Channel

MESSAGE = Outgoing(
    key="m-1:1",
    channel=Channel.SMS,
    address="+86 139 0000 0001",
    body="【示例银行】王先生，…",
    language="zh-hans",
    template_code="due-soon",
    values={"day": "3月15日", "amount": "1,200.00"},
)
NOW = datetime(2025, 3, 12, 4, tzinfo=UTC)
URL = "https://riskops.example.com/hooks/aliyun/?secret=callback%20secret"


@pytest.fixture
def aliyun(vendor: HttpVendor, impatient: Any) -> AliyunProvider:
    impatient.ALIYUN_SMS_ENDPOINT = vendor.url
    impatient.ALIYUN_SMS_ACCESS_KEY_ID, impatient.ALIYUN_SMS_ACCESS_KEY_SECRET = "id", "key secret"
    impatient.ALIYUN_SMS_SIGN_NAME = "示例银行"
    impatient.ALIYUN_SMS_TEMPLATES = ["due-soon@zh-hans:SMS_1", "due-soon:SMS_2", "demand@en:SMS_3"]
    impatient.ALIYUN_SMS_WEBHOOK_SECRET = "callback secret"
    return AliyunProvider()


def test_the_signature_is_the_one_that_aliyun_publishes() -> None:
    """The example with fixed parameters of "V3 request body & signature mechanism".

    https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
    https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
    """
    call = Call(
        endpoint="https://ecs.cn-shanghai.aliyuncs.com",
        action="RunInstances",
        version="2014-05-26",
        parameters={"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"},
    )
    headers = signed_headers(
        call,
        key_id="YourAccessKeyId",
        key_secret="YourAccessKeySecret",
        date="2023-10-26T10:22:32Z",
        nonce="3156853299f313e23d1673dc12e1703d",
    )
    assert headers["Authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,"
        "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )
    assert headers["x-acs-content-sha256"] == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_parameters_are_encoded_as_rfc_3986_says() -> None:
    call = Call("https://x.example", "A", "1", {"b": "a b*c+d/e=f&g:h~", "a": "短信"})
    assert call.query == "a=%E7%9F%AD%E4%BF%A1&b=a%20b%2Ac%2Bd%2Fe%3Df%26g%3Ah~"


def test_a_message_is_a_template_with_our_values_and_the_key_as_out_id(aliyun: AliyunProvider, vendor: HttpVendor) -> None:
    vendor.script = [answers(200, {"Code": "OK", "Message": "OK", "BizId": "9006^0", "RequestId": "F6"})]
    assert aliyun.send(MESSAGE) == Accepted("9006^0")
    (asked,) = vendor.asked
    sent = dict(parse_qsl(urlsplit(asked.path).query))
    assert json.loads(sent.pop("TemplateParam")) == {"day": "3月15日", "amount": "1,200.00"}
    assert sent == {"PhoneNumbers": "13900000001", "SignName": "示例银行", "TemplateCode": "SMS_1", "OutId": "m-1:1"}
    assert asked.headers["x-acs-action"] == "SendSms"
    assert asked.headers["x-acs-version"] == "2017-05-25"
    # Signed again from what arrived: host, query and headers came through as they were signed.
    resigned = signed_headers(
        Call(f"http://{asked.headers['host']}", "SendSms", "2017-05-25", dict(parse_qsl(urlsplit(asked.path).query))),
        key_id="id",
        key_secret="key secret",
        date=asked.headers["x-acs-date"],
        nonce=asked.headers["x-acs-signature-nonce"],
    )
    assert asked.headers["authorization"] == resigned["Authorization"]


def test_the_number_in_the_address_of_a_call_is_not_logged(
    aliyun: AliyunProvider, vendor: HttpVendor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    vendor.script = [answers(200, {"Code": "OK", "BizId": "1"})]
    aliyun.send(MESSAGE)
    assert "PhoneNumbers=13900000001" in vendor.asked[0].path
    assert "13900000001" not in caplog.text


def test_no_two_calls_have_one_nonce(aliyun: AliyunProvider, vendor: HttpVendor) -> None:
    vendor.script = [answers(200, {"Code": "OK", "BizId": "1"})]
    assert aliyun.send(MESSAGE) == aliyun.send(MESSAGE) == Accepted("1")
    first, second = (asked.headers["x-acs-signature-nonce"] for asked in vendor.asked)
    assert first != second


@pytest.mark.parametrize(
    ("status", "said", "result"),
    [
        (200, {"Code": "isv.MOBILE_NUMBER_ILLEGAL"}, Refused("isv.MOBILE_NUMBER_ILLEGAL", is_final=True, is_detail_dead=True)),
        (200, {"Code": "isv.SMS_CONTENT_ILLEGAL"}, Refused("isv.SMS_CONTENT_ILLEGAL", is_final=True)),
        (
            200,
            {"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": "触发天级流控Permits:10"},
            Refused("isv.BUSINESS_LIMIT_CONTROL 触发天级流控Permits:10"),
        ),
        (200, {"Code": "isv.TEMPLATE_MISSING_PARAMETERS"}, Refused("isv.TEMPLATE_MISSING_PARAMETERS")),
        (200, {"Code": "isv.AMOUNT_NOT_ENOUGH"}, Refused("isv.AMOUNT_NOT_ENOUGH", is_outage=True)),
        (400, {"Code": "SignatureDoesNotMatch"}, Refused("SignatureDoesNotMatch", is_outage=True)),
        (400, {"Code": "Throttling.User"}, Refused("Throttling.User", is_outage=True)),
        (200, {"Code": "isp.SYSTEM_ERROR"}, Unknown("isp.SYSTEM_ERROR")),
        (503, {"Code": "ServiceUnavailable"}, Refused("answered 503: ServiceUnavailable", is_outage=True)),
        (500, {"Code": "InternalError"}, Unknown("answered 500: InternalError")),
        (200, {"Code": "OK"}, Unknown("answered 200: OK")),
        (200, b"?", Unknown("answered 200")),
    ],
)
def test_each_answer_is_a_result(aliyun: AliyunProvider, vendor: HttpVendor, status: int, said: Any, result: Any) -> None:
    vendor.script = [answers(status, said)]
    assert aliyun.send(MESSAGE) == result


def test_silence_is_unknown_and_no_connection_a_refusal(aliyun: AliyunProvider, vendor: HttpVendor, impatient: Any) -> None:
    vendor.script = [never_answers]
    assert aliyun.send(MESSAGE) == Unknown("sent, no answer: ReadTimeout")
    vendor.script = [closes]
    assert isinstance(aliyun.send(MESSAGE), Unknown)
    impatient.ALIYUN_SMS_ENDPOINT = nobody_listens()
    assert aliyun.send(MESSAGE) == Refused("no connection: ConnectError", is_outage=True)


def test_what_aliyun_cannot_carry_is_refused_without_asking_it(aliyun: AliyunProvider, vendor: HttpVendor) -> None:
    def of(address: str, template: str, language: str) -> Outgoing:
        return Outgoing(key="k", channel=Channel.SMS, address=address, body="b", language=language, template_code=template)

    assert aliyun.send(of("12345", "due-soon", "en")) == Refused("not a telephone number", is_final=True, is_detail_dead=True)
    nothing = Refused("ALIYUN_SMS_TEMPLATES names no template for demand in zh-hans")
    assert aliyun.send(of("13900000001", "demand", "zh-hans")) == nothing
    assert vendor.asked == []
    vendor.script = [answers(200, {"Code": "OK", "BizId": "1"})]
    assert aliyun.send(of("+852 2123 4567", "due-soon", "en")) == Accepted("1")
    sent = dict(parse_qsl(urlsplit(vendor.asked[0].path).query))
    assert (sent["PhoneNumbers"], sent["TemplateCode"]) == ("85221234567", "SMS_2")


def listed(*out_ids: str) -> dict[str, Any]:
    rows = [{"OutId": out_id, "SendStatus": 3, "PhoneNum": "13900000001"} for out_id in out_ids]
    return {"Code": "OK", "TotalCount": len(rows), "SmsSendDetailDTOs": {"SmsSendDetailDTO": rows}}


def test_an_unknown_message_is_looked_for_among_those_of_its_number_and_day(aliyun: AliyunProvider, vendor: HttpVendor) -> None:
    vendor.script = [answers(200, listed("other", "m-1:1"))]
    # 15:55 in London is five to midnight in Shanghai.
    sent_at = datetime(2025, 3, 12, 15, 55, tzinfo=UTC)
    assert aliyun.find("m-1:1", address="13900000001", sent_at=sent_at) == Accepted("out-id:m-1:1")
    assert dict(parse_qsl(urlsplit(vendor.asked[0].path).query)) == {
        "PhoneNumber": "13900000001",
        "SendDate": "20250312",
        "PageSize": "50",
        "CurrentPage": "1",
    }
    vendor.asked.clear()
    vendor.script = [answers(200, listed("other"))]
    # That it is not listed is no proof: the list lags behind.
    answer = aliyun.find("m-1:1", address="13900000001", sent_at=sent_at)
    assert answer == CannotTell("not among the messages to this number yet")
    days = [dict(parse_qsl(urlsplit(asked.path).query))["SendDate"] for asked in vendor.asked]
    assert days == ["20250312", "20250313"]


def test_aliyun_cannot_look_up_a_key_alone_and_an_error_says_nothing(aliyun: AliyunProvider, vendor: HttpVendor) -> None:
    assert aliyun.find("m-1:1") == CannotTell("Aliyun looks messages up by number and day")
    assert vendor.asked == []
    vendor.script = [answers(200, {"Code": "isv.OUT_OF_SERVICE"})]
    assert aliyun.find("m-1:1", address="13900000001", sent_at=NOW) == CannotTell("answered 200: isv.OUT_OF_SERVICE")


# Callbacks: the bodies are those of https://help.aliyun.com/document_detail/101867.html and …/101847.htm, with days of ours.

REPORT = {
    "phone_number": "13900000001",
    "send_time": "2025-03-12 11:58:00",
    "report_time": "2025-03-12 11:59:00",
    "success": True,
    "err_code": "DELIVERED",
    "err_msg": "用户接收成功",
    "sms_size": "1",
    "biz_id": "12345",
    "out_id": "m-1:1",
}
UP = {
    "phone_number": "13900000001",
    "content": "TD",
    "send_time": "2025-03-12 11:59:30",
    "dest_code": "1234",
    "sequence_id": "1234567890",
}


def test_reports_and_replies_are_read_in_chinas_time(aliyun: AliyunProvider) -> None:
    bad = {**REPORT, "success": False, "err_code": "INVALID_NUMBER", "err_msg": "空号", "out_id": "m-2:1"}
    assert aliyun.read_webhook(json.dumps([REPORT, bad]).encode(), {}, URL, NOW) == [
        Receipt(
            provider="aliyun",
            event_id="12345:m-1:1:1",
            reference="12345",
            key="m-1:1",
            state=ReceiptState.DELIVERED,
            is_detail_dead=False,
            at=datetime(2025, 3, 12, 3, 59, tzinfo=UTC),
            detail="DELIVERED 用户接收成功",
        ),
        Receipt(
            provider="aliyun",
            event_id="12345:m-2:1:0",
            reference="12345",
            key="m-2:1",
            state=ReceiptState.UNDELIVERED,
            is_detail_dead=True,
            at=datetime(2025, 3, 12, 3, 59, tzinfo=UTC),
            detail="INVALID_NUMBER 空号",
        ),
    ]
    assert aliyun.read_webhook(json.dumps([UP]).encode(), {}, URL, NOW) == [
        Reply("aliyun", "up:1234567890", Channel.SMS, "13900000001", "TD", datetime(2025, 3, 12, 3, 59, 30, tzinfo=UTC))
    ]


def test_a_callback_without_the_secret_in_its_address_is_refused(aliyun: AliyunProvider, impatient: Any) -> None:
    body = json.dumps([REPORT]).encode()
    for address in ("https://x/hooks/aliyun/", "https://x/hooks/aliyun/?secret=guess", "https://x/hooks/aliyun/?secret="):
        with pytest.raises(SignatureWrong):
            aliyun.read_webhook(body, {}, address, NOW)
    impatient.ALIYUN_SMS_WEBHOOK_SECRET = ""
    with pytest.raises(SignatureWrong):
        aliyun.read_webhook(body, {}, "https://x/hooks/aliyun/?secret=", NOW)


def test_a_report_about_days_long_gone_or_to_come_is_refused_and_a_stop_beside_it_is_heard(aliyun: AliyunProvider) -> None:
    body = json.dumps([REPORT]).encode()
    reported = datetime(2025, 3, 12, 3, 59, tzinfo=UTC)
    for now in (reported + timedelta(days=4), reported - timedelta(seconds=300)):
        assert len(aliyun.read_webhook(body, {}, URL, now)) == 1
    for now in (reported + timedelta(days=4, seconds=1), reported - timedelta(seconds=301)):
        unread, stop = aliyun.read_webhook(json.dumps([REPORT, UP]).encode(), {}, URL, now)
        assert isinstance(unread, UnreadEvent) and "too long ago" in unread.reason
        assert isinstance(stop, Reply) and stop.text == "TD"


@pytest.mark.parametrize(
    "bad", [1, {"success": "true"}, {**REPORT, "report_time": "yesterday"}, {**UP, "send_time": "", "content": "TD"}]
)
def test_a_row_that_cannot_be_read_takes_none_beside_it_along(aliyun: AliyunProvider, bad: Any) -> None:
    unread, stop = aliyun.read_webhook(json.dumps([bad, UP]).encode(), {}, URL, NOW)
    assert isinstance(unread, UnreadEvent) and isinstance(stop, Reply)


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_a_callback_that_cannot_be_read_is_refused(aliyun: AliyunProvider, body: bytes) -> None:
    with pytest.raises(WebhookMalformed):
        aliyun.read_webhook(body, {}, URL, NOW)
