"""Works on cases until it is killed: alerts come in, cases close as fraud, some closings are undone.

Prints a line after each act that was answered: what it says must be there afterwards.
"""

from __future__ import annotations

import sys

from tests.support.cases import new_alert, take_in

from satark.cases.model import CaseOutcome, HoldChoice
from satark.core.clock import SystemClock
from satark.storage.desk import open_desk


def tell(word: str, case_id: int) -> None:
    """Say that an act was answered."""
    sys.stdout.write(f"{word} {case_id}\n")
    sys.stdout.flush()


def main(folder: str, first: int) -> None:
    """Work."""
    with open_desk(folder, clock=SystemClock(), audit_key=b"k" * 32) as desk:
        for number in range(first, first + 10_000):
            seqs = range(10 * number, 10 * number + 3)
            alerts = take_in(desk, *(new_alert(seq, card=f"c{number}") for seq in seqs))
            case_id = alerts[0].case_id
            tell("opened", case_id)
            undo = desk.cases.close([case_id], CaseOutcome.FRAUD, "stolen_card", "asha", hold=HoldChoice())
            tell("closed", case_id)
            if number % 3 == 0:
                desk.cases.undo(undo.id, "asha")
                tell("undone", case_id)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
