"""Every act that a trail keeps has words, so that an auditor reads no codes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import satark
from satark.storage.desk import list_acts, policy_rosters, policy_versions, proof
from satark.storage.verify import RETENTION_ACTION
from satark.web.audit.words import ACTS

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


def noted_in_the_code():
    """Return the codes that stand in calls which note an act: as `action`, or behind the name of who acts."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") not in NOTERS:
                continue
            named = {keyword.arg: keyword.value for keyword in node.keywords}
            told = [named["action"]] if "action" in named else node.args[1:4]
            if node.func.attr == "append" and "actor" not in named:
                continue
            found |= {
                one.value
                for one in told
                if isinstance(one, ast.Constant) and isinstance(one.value, str) and CODE.fullmatch(one.value)
            }
    return found


def test_every_act_has_words():
    noted = noted_in_the_code()
    assert {"case_viewed", "staff_created", "endpoint_added", "login", "case_note_added"} <= noted
    assert noted | ELSEWHERE == set(ACTS)
