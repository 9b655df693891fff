from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from satark import web
from satark.web import i18n

FOLDER = Path(web.__file__).parent
LANGUAGES = [lang for lang in i18n.LANGUAGES if lang != "en"]
DEVANAGARI = re.compile("[\u0900-\u097f]")


def _strings():
    methods = [("templates/**.html", "jinja2"), ("**.py", "python")]
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2)}
    return {message for _, _, message, _, _ in extract_from_dir(FOLDER, methods, keywords=keywords)}


def _catalogue(lang):
    with (i18n.LOCALE / lang / "LC_MESSAGES" / "messages.po").open("rb") as source:
        return read_po(source, locale=lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_string_is_translated_when_extracted(lang):
    translated = {
        message.id for message in _catalogue(lang) if message.id and message.string and not message.fuzzy
    }
    assert _strings() - translated == set()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_string_is_left_over_when_extracted(lang):
    assert {message.id for message in _catalogue(lang) if message.id} - _strings() == set()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_compiled_catalogue_is_fresh_when_compared(lang):
    expected = io.BytesIO()
    write_mo(expected, _catalogue(lang))
    assert (i18n.LOCALE / lang / "LC_MESSAGES" / "messages.mo").read_bytes() == expected.getvalue()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_placeholders_are_kept_when_translated(lang):
    for message in _catalogue(lang):
        if message.id:
            assert re.findall(r"%\(\w+\)s", message.id) == re.findall(r"%\(\w+\)s", message.string)


def test_hindi_is_written_in_devanagari_when_shown():
    assert [
        message.id for message in _catalogue("hi") if message.id and not DEVANAGARI.search(message.string)
    ] == []


@pytest.mark.parametrize(
    "table", [i18n.ACTION_NAMES, i18n.METHOD_NAMES, i18n.CHANNEL_NAMES, i18n.FLOW_NAMES, i18n.STEP_NAMES]
)
def test_words_differ_when_they_name_different_things(table):
    hindi = i18n.translations("hi")
    assert len({hindi.gettext(name) for name in table.values()}) == len(table)


def test_templates_hold_no_bare_words_when_read():
    allowed = {"Satark", "µs"}
    for path in sorted((FOLDER / "templates").glob("*.html")):
        text = re.sub(
            r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL
        )
        if path.name == "rows.html":  # Its sentences stand in trans blocks, which the extraction test covers.
            text = re.sub(r"entries came too fast to be shown here|and\s+more", " ", text)
        bare = re.sub(r"<[^>]*>", " ", text)
        words = set(re.findall(r"[A-Za-zµ]{2,}", bare)) - allowed
        assert words == set(), path.name


def test_vendored_files_are_unchanged_when_hashed():
    notice = (FOLDER / "static" / "vendor" / "NOTICE.md").read_text(encoding="utf-8")
    files = sorted((FOLDER / "static" / "vendor").glob("*.js"))
    assert files
    for path in files:
        assert f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" in notice
