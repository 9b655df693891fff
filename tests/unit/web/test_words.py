from __future__ import annotations

import ast
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
AREAS = [path.stem for path in i18n.catalogues("hi", "po")]
DEVANAGARI = re.compile("[\u0900-\u097f]")
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
LATIN_EVERYWHERE = {"PDF", "CSV", "JSON", "URL", "HTTP", "SHA-256", "KB", "MB", "%(count)s: %(share)s"}
"""Message ids that are written the same in Hindi."""


def _strings():
    methods = [("templates/**.html", "jinja2"), ("templates/**.txt", "jinja2"), ("**.py", "python")]
    return {message for _, _, message, _, _ in extract_from_dir(FOLDER, methods, keywords=KEYWORDS)}


def _catalogue(lang, area):
    with (i18n.LOCALE / lang / "LC_MESSAGES" / f"{area}.po").open("rb") as source:
        return [message for message in read_po(source, locale=lang) if message.id]


def _messages(lang):
    return [message for area in AREAS for message in _catalogue(lang, area)]


def _forms(text):
    return text if isinstance(text, tuple) else (text,)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_string_is_translated_when_extracted(lang):
    translated = {
        message.id for message in _messages(lang) if all(_forms(message.string)) and not message.fuzzy
    }
    # gettext finds the words of a plural by its first form alone.
    translated |= {_forms(one)[0] for one in translated}
    assert {text for text in _strings() if text not in translated} == set()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_string_is_left_over_when_extracted(lang):
    assert {message.id for message in _messages(lang)} - _strings() == set()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("area", AREAS)
def test_compiled_catalogue_is_fresh_when_compared(lang, area):
    folder = i18n.LOCALE / lang / "LC_MESSAGES"
    expected = io.BytesIO()
    with (folder / f"{area}.po").open("rb") as source:
        write_mo(expected, read_po(source, locale=lang))
    assert (folder / f"{area}.mo").read_bytes() == expected.getvalue()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_placeholders_are_kept_when_translated(lang):
    for message in _messages(lang):
        for original, translated in zip(_forms(message.id)[-1:], _forms(message.string)[-1:], strict=True):
            assert sorted(re.findall(r"%\(\w+\)s", original)) == sorted(
                re.findall(r"%\(\w+\)s", translated)
            ), original


@pytest.mark.parametrize("lang", LANGUAGES)
def test_words_are_the_same_when_two_areas_translate_them(lang):
    """One word of English may need two of Hindi; then the English must differ as well, or one is never shown."""
    known = {}
    for message in _messages(lang):
        assert known.setdefault(message.id, message.string) == message.string, message.id


def test_hindi_is_written_in_devanagari_when_shown():
    assert [
        message.id
        for message in _messages("hi")
        if not all(DEVANAGARI.search(form) for form in _forms(message.string))
        and message.id not in LATIN_EVERYWHERE
    ] == []


@pytest.mark.parametrize(
    "table", [i18n.ACTION_NAMES, i18n.METHOD_NAMES, i18n.CHANNEL_NAMES, i18n.FLOW_NAMES, i18n.STEP_NAMES]
)
def test_words_differ_when_they_name_different_things(table):
    hindi = i18n.translations("hi")
    assert len({hindi.gettext(name) for name in table.values()}) == len(table)


def test_catalogues_answer_as_one_when_there_are_several():
    hindi = i18n.translations("hi")
    for message in _messages("hi"):
        if isinstance(message.id, tuple):
            assert hindi.ngettext(*message.id, 1) == message.string[0]
            assert hindi.ngettext(*message.id, 5) == message.string[1]
        else:
            assert hindi.gettext(message.id) == message.string


def test_templates_hold_no_bare_words_when_read():
    allowed = {"Satark", "µs", "KB"}
    for path in sorted((FOLDER / "templates").rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        # What stands between trans and endtrans is extracted, and the tests above ask for its Hindi.
        text = re.sub(r"\{%-?\s*trans\b.*?\{%-?\s*endtrans\s*-?%\}", " ", text, flags=re.DOTALL)
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", " ", text, flags=re.DOTALL)
        text = re.sub(r"<(kbd|code)[^>]*>.*?</\1>", " ", text, flags=re.DOTALL)
        bare = re.sub(r"<[^>]*>", " ", re.sub(r"&[a-z]+;", " ", text))
        words = set(re.findall(r"[A-Za-zµ]{2,}", bare)) - allowed
        assert words == set(), str(path.relative_to(FOLDER))


def test_attributes_hold_no_bare_words_when_read():
    attribute = re.compile(r'\s(?:aria-label|title|placeholder|alt|data-key-help)="([^"]*)"')
    for path in sorted((FOLDER / "templates").rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"\{%-?\s*trans\b.*?\{%-?\s*endtrans\s*-?%\}", " ", text, flags=re.DOTALL)
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", " ", text, flags=re.DOTALL)
        for value in attribute.findall(text):
            assert not re.search(r"[A-Za-z]{2,}", value), f"{path.relative_to(FOLDER)}: {value}"


def test_words_are_marked_once_when_code_names_them():
    """`_` in an area is the marking function, never a loop variable that would hide it."""
    for path in sorted(FOLDER.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                assert [type(argument) for argument in node.args] == [ast.Constant], path


def test_vendored_files_are_unchanged_when_hashed():
    notice = (FOLDER / "static" / "vendor" / "NOTICE.md").read_text(encoding="utf-8")
    files = sorted((FOLDER / "static" / "vendor").glob("*.js"))
    assert files
    for path in files:
        assert f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" in notice
