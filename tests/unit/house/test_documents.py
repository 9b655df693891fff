"""What the documents show must be true: links lead somewhere, commands exist, policies and events are valid."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click
import msgspec
import pytest

from satark.cli import cli
from satark.events import decode_event
from satark.policies import load_policy

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
READMES = [ROOT / "README.md", ROOT / "README.hi.md"]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(path, language):
    return [body for kind, body in BLOCK.findall(path.read_text(encoding="utf-8")) if kind == language]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_within_the_project_leads_somewhere(path):
    text = BLOCK.sub("", path.read_text(encoding="utf-8"))
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    missing = [
        target for target in targets if target and "://" not in target and not (path.parent / target).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_every_command_that_is_shown_exists(path):
    shown = re.findall(
        r"(?:^|`|\$ )satark ((?:[a-z]+ ?)+)", "\n".join(blocks(path, "sh") + blocks(path, "")), re.MULTILINE
    )
    assert shown
    for words in shown:
        here = cli
        for word in words.split():
            if not isinstance(here, click.Group):
                break
            assert word in here.commands, f"satark {words}"
            here = here.commands[word]


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_policy_that_is_shown_can_be_used(path):
    (text,) = blocks(path, "yaml")
    assert load_policy(text).rules[0].code == "card_velocity"


def test_event_that_is_shown_is_accepted():
    (code,) = blocks(ROOT / "README.md", "python")
    shown = next(node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Dict))
    event = decode_event(msgspec.json.encode(ast.literal_eval(shown)), "payment")
    assert event.id == "order-1001"


def test_both_readmes_show_the_same_output():
    english, hindi = ([text.replace(" ", "") for text in blocks(path, "")] for path in READMES)
    assert english == hindi


def test_every_decision_about_the_design_is_in_the_index():
    index = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in (ROOT / "docs" / "adr").glob("0*.md") if path.name not in index] == []
