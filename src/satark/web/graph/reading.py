"""The graph as data: nodes with masked labels under sealed names, edges with how many events are shared.

Every answer is bounded, whatever the stores hold: a card used at one shop by ten thousand people is one node that says
so, and its nearest neighbours.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from satark.web.entity.labels import label_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from satark.cases.model import CaseEntity, EntityRef
    from satark.cases.ports import Entities, Link
    from satark.web.entity.names import EntityNames

AROUND = 30
"""Neighbours of a thing that one step brings."""
AROUND_MOST = 60
CASE_THINGS = 40
"""Things of a case that the graph begins with."""
MAX_HOPS = 6
MAX_NODES = 10_000


class GraphReader:
    """Answers of the entity index as the script of the graph takes them; its calls block."""

    def __init__(self, entities: Entities, names: EntityNames, kind_name: Callable[[str], str]) -> None:
        self._entities = entities
        self._names = names
        self._kind_name = kind_name

    def around(self, ref: EntityRef, most: int = AROUND) -> dict[str, Any] | None:
        """Return a thing with its nearest neighbours; None when it was never seen."""
        found = self._entities.surroundings(ref, min(most, AROUND_MOST))
        if found is None:
            return None
        summary, links = found
        centre = self._node(ref)
        centre["events"] = sum(summary.counts.values())
        # Both figures are over the same newest events, so that the difference is what was left out.
        centre["more"] = max(0, sum(summary.linked.values()) - len(links))
        centre["expanded"] = True
        nodes = [centre, *(self._node(link.ref) for link in links)]
        return {"nodes": nodes, "edges": [self._edge(ref, link) for link in links]}

    def of_case(self, things: Sequence[CaseEntity]) -> dict[str, Any]:
        """Return the things of a case and what they share among themselves."""
        refs = [thing.ref for thing in things[:CASE_THINGS]]
        nodes = []
        for thing in things[:CASE_THINGS]:
            node = self._node(thing.ref)
            node["alerts"] = thing.n_alerts
            nodes.append(node)
        edges: dict[tuple[str, str], dict[str, Any]] = {}
        for ref, link in self._entities.among(refs):
            edge = self._edge(ref, link)
            known = edges.setdefault(tuple(sorted((edge["a"], edge["b"]))), edge)
            known["events"] = max(known["events"], edge["events"])
            known["fraud"] = max(known["fraud"], edge["fraud"])
        return {"nodes": nodes, "edges": list(edges.values()), "left_out": len(things) - len(refs)}

    def way(self, a: EntityRef, b: EntityRef) -> dict[str, Any]:
        """Return the shortest way between two things as nodes and edges; `found` is false when there is none."""
        refs = self._entities.path(a, b, MAX_HOPS, MAX_NODES) or []
        names = [self._names.token(ref) for ref in refs]
        edges = [{"a": one, "b": other, "events": 0, "fraud": 0} for one, other in pairwise(names)]
        return {"found": bool(refs), "way": names, "nodes": self._nodes(refs), "edges": edges}

    def _nodes(self, refs: Iterable[EntityRef]) -> list[dict[str, Any]]:
        return [self._node(ref) for ref in refs]

    def _node(self, ref: EntityRef) -> dict[str, Any]:
        return {
            "id": self._names.token(ref),
            "kind": ref.kind.value,
            "kindName": self._kind_name(ref.kind.value),
            "label": label_of(ref),
        }

    def _edge(self, ref: EntityRef, link: Link) -> dict[str, Any]:
        return {
            "a": self._names.token(ref),
            "b": self._names.token(link.ref),
            "events": link.n_events,
            "fraud": link.n_fraud,
        }
