"""Every act that a trail keeps has words, and so has what is told of it, so that an auditor reads no codes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import satark
from satark.storage.desk import list_acts, policy_rosters, policy_versions, proof
from satark.storage.verify import RETENTION_ACTION
from satark.web.audit.words import ACTS, DETAILS

SOURCE = Path(satark.__file__).parent
NOTERS = {"note", "_note", "append", "_update"}
CODE = re.compile(r"[a-z]+(_[a-z]+)*")
ELSEWHERE = {
    *(f"backtest_{end}" for end in ("asked", "cancelled", "done")),
    *(f"list_{past}" for past in list_acts._PAST.values()),
    *policy_rosters.ACTIONS.values(),
    *policy_versions.ACTIONS.values(),
    RETENTION_ACTION,
    proof.SEALED,
    "case_closed",
    "personal_data_viewed",
    "entity_viewed",
}


def _notes():
    """Give each call of the code that notes an act, and what it gives by name."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in NOTERS:
                named = {keyword.arg: keyword.value for keyword in node.keywords}
                # Lists have an `append` too.
                if node.func.attr != "append" or "actor" in named:
                    yield node, named


def noted_in_the_code():
    """Return the codes that stand in calls which note an act: as `action`, or behind the name of who acts."""
    told = [
        one
        for node, named in _notes()
        for one in ([named["action"]] if "action" in named else node.args[1:4])
    ]
    return {
        one.value
        for one in told
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and CODE.fullmatch(one.value)
    }


def test_every_act_has_words():
    noted = noted_in_the_code()
    assert {"case_viewed", "staff_created", "endpoint_added", "login", "case_note_added"} <= noted
    assert noted | ELSEWHERE == set(ACTS)


def _names(node):
    keys = node.keys if isinstance(node, ast.Dict) else []
    return {key.value for key in keys if isinstance(key, ast.Constant)}


def told_in_the_code():
    """Return the names under which calls that note an act tell more of it."""
    found = set()
    for node, named in _notes():
        if "detail" in named or any(isinstance(one, ast.Dict) for one in node.args):
            found |= _names(named.get("detail")).union(*map(_names, node.args))
        elif getattr(node.func.value, "id", getattr(node.func.value, "attr", "")) in {"desk", "_desk"}:
            found |= {name for name in named if name is not None}
    return found


def test_everything_told_of_an_act_has_words():
    told = told_in_the_code()
    assert {"role", "scopes", "address", "hits", "item", "sha256", "issuer", "undo"} <= told
    assert told - set(DETAILS) == set()
