"""Texts: what marks them is found, in Python and in templates, and a missing or damaged translation is told."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation
from django.utils.translation import pgettext

from tools import messages
from tools.messages import Home

TEMPLATE = """{% load i18n %}
<p title="it's (unbalanced">{% translate "Two words" %} {{ name|default:_("none (yet)") }}</p>
{% blocktranslate trimmed count n=rows %}
  {{ n }} row
{% plural %}
  {{ n }} rows (all)
{% endblocktranslate %}
{% translate "May" context "month" %}{% comment %}{% translate "never" %}{% endcomment %}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A small app with texts in a module and a template."""
    (tmp_path / "app").mkdir()
    (tmp_path / "templates" / "app").mkdir(parents=True)
    (tmp_path / "app" / "views.py").write_text('from x import gettext as _\nTITLE = _("Paid %(amount)s")\nNOT = "plain"\n')
    (tmp_path / "templates" / "app" / "page.html").write_text(TEMPLATE)
    own = Home(tmp_path / "app", (tmp_path / "app", tmp_path / "templates" / "app"))
    monkeypatch.setattr(messages, "HOMES", (own,))
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    return own


def translate(home: Home, text: str, translation: str) -> None:
    content = home.po_path.read_text()
    assert f'msgid "{text}"\nmsgstr ""' in content
    home.po_path.write_text(content.replace(f'msgid "{text}"\nmsgstr ""', f'msgid "{text}"\nmsgstr "{translation}"'))


def test_texts_are_found_in_modules_and_templates(home):
    found = {(message.id, message.context) for message in messages.extracted(home) if message.id}
    assert found == {
        ("Paid %(amount)s", None),
        ("Two words", None),
        ("none (yet)", None),
        (("%(n)s row", "%(n)s rows (all)"), None),
        ("May", "month"),
    }


def test_a_text_without_translation_is_told_until_it_has_one(home, capsys):
    messages.update()
    assert messages.check() == 1
    assert "templates/app/page.html: 'Two words' has no translation in app/locale/zh_Hans" in capsys.readouterr().out
    translate(home, "Two words", "两个词")
    messages.check()
    assert "Two words" not in capsys.readouterr().out


def test_a_translation_that_loses_a_placeholder_is_told(home):
    messages.update()
    translate(home, "Paid %(amount)s", "已还")
    assert "app/views.py: 'Paid %(amount)s': its translation in app/locale/zh_Hans/LC_MESSAGES/django.po lost %(amount)s" in list(
        messages.complaints_about_catalogues()
    )


def test_update_keeps_translations_and_changes_nothing_the_second_time(home):
    messages.update()
    translate(home, "Two words", "两个词")
    messages.update()
    once = home.po_path.read_bytes()
    messages.update()
    assert home.po_path.read_bytes() == once
    assert "两个词".encode() in once


def test_compiled_texts_are_read_by_gettext_and_made_again_when_the_source_is_newer(home):
    messages.update()
    translate(home, "Two words", "两个词")
    messages.compile_all()
    compiled = home.po_path.with_suffix(".mo")
    assert gettext.GNUTranslations(compiled.open("rb")).gettext("Two words") == "两个词"
    before = compiled.stat().st_mtime_ns
    messages.compile_all()
    assert compiled.stat().st_mtime_ns == before
    home.po_path.write_text(home.po_path.read_text().replace("两个词", "两词"))
    messages.compile_all()
    assert gettext.GNUTranslations(compiled.open("rb")).gettext("Two words") == "两词"


def test_no_package_says_in_chinese_what_is_ours_to_say() -> None:
    """Packages that stand before our apps have words of the same spelling: each of ours is shown as our catalogue has it."""
    others = {}
    with translation.override("zh-hans"):
        for own in messages.HOMES:
            for message in read_po(own.po_path.open("rb")):
                if message.id and message.string and isinstance(message.id, str) and not message.fuzzy:
                    context = message.context
                    shown = pgettext(context, message.id) if context else translation.gettext(message.id)
                    if shown != message.string:
                        others[message.id] = shown
    assert others == {}
    assert set(settings.LOCALE_PATHS) == {own.po_path.parent.parent.parent for own in messages.HOMES}
