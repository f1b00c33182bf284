"""What is left of a personal value when it is masked."""

from __future__ import annotations

import pytest

from riskops.shared.personal import masked


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("", ""),
        ("138", "•••"),
        ("+86 139 0000 1234", "••••1234"),
        ("chen@qq.com", "c•••@qq.com"),
        ("Chen@QQ.com", "C•••@QQ.com"),
        # Another domain may be the person, or a workplace of few; the end of it is a country's or everybody's.
        ("chen@example.com", "c•••@•••.com"),
        ("a@wangfang.name", "•••@•••.name"),
        ("wang.fang@mail.wangfang.com.cn", "w•••@•••.cn"),
        ("chen@wangfang.qq.com", "c•••@•••.com"),
        # One or two characters are most of a name.
        ("wf@163.com", "•••@163.com"),
        ("wfx@163.com", "w•••@163.com"),
        # No e-mail address, so its sign parts nothing that may be shown.
        ("@chen.wei", "••••.wei"),
        ("chen@home", "••••home"),
        ("12 Rd @ Corner St. 5", "••••t. 5"),
    ],
)
def test_only_what_nobody_is_known_by_is_left(value: str, shown: str) -> None:
    assert masked(value) == shown
