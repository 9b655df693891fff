"""Check the trees of an ONNX model before it scores anything.

The runtime walks a tree from node to node without asking whether it has been there: one wrong bit in the number of a
child makes it walk for ever, and a wrong number of a feature lets it read beyond its memory. So every number is looked
at here, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from satark.core.errors import ModelInvalid
from satark.models.adapters.onnx_graph import TREES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from satark.models.adapters.onnx_graph import OnnxGraph, OnnxNode

MAX_DEPTH: Final = 2_000
MODES: Final = frozenset(
    {b"BRANCH_LEQ", b"BRANCH_LT", b"BRANCH_GTE", b"BRANCH_GT", b"BRANCH_EQ", b"BRANCH_NEQ", b"LEAF"}
)
_SAME_WIDTH: Final = frozenset({"Cast", "Identity", "Imputer", "Scaler"})
_COLUMNS: Final = (
    "nodes_treeids",
    "nodes_nodeids",
    "nodes_truenodeids",
    "nodes_falsenodeids",
    "nodes_featureids",
)


def check_trees(graph: OnnxGraph, inputs: int) -> None:
    """Check all trees of a model.

    Parameters
    ----------
    graph
        From `look_through`.
    inputs
        How many columns the model is given.

    Raises
    ------
    ModelInvalid
        A tree is not sound, or it cannot be told how many columns it sees.
    """
    widths = dict.fromkeys(graph.inputs, inputs if len(graph.inputs) == 1 else 1)
    for node in graph.nodes:
        known = [widths.get(name) for name in node.inputs]
        if node.operation in _SAME_WIDTH and known and known[0] is not None:
            widths[node.outputs[0]] = known[0]
        elif node.operation == "Concat" and known and all(width is not None for width in known):
            widths[node.outputs[0]] = sum(width for width in known if width is not None)
        elif node.operation in TREES:
            width = known[0] if known else None
            if width is None:
                message = "its trees must take the inputs as they are, or scaled, cast or put side by side"
                raise ModelInvalid(message)
            _check(node, width)


def _check(node: OnnxNode, width: int) -> None:
    columns = [node.numbers.get(name, np.zeros(0, dtype=np.int64)) for name in _COLUMNS]
    tree, own, true, false, feature = columns
    modes = list(node.texts.get("nodes_modes", ()))
    count = len(own)
    if not count or any(len(column) != count for column in columns) or len(modes) != count:
        raise _unsound("its columns have different lengths")
    if not set(modes) <= MODES:
        raise _unsound("a node compares in an unknown way")
    inner = np.array([mode != b"LEAF" for mode in modes])
    if ((feature[inner] < 0) | (feature[inner] >= width)).any():
        raise _unsound(f"a node asks for column {int(feature[inner].max()) + 1}, and it is given {width}")
    places = _Places(tree, own)
    _check_walk(places, inner, true, false)
    _check_leaves(node, places)


class _Places:
    """Where the node of a tree stands among all nodes."""

    def __init__(self, tree: NDArray[np.int64], own: NDArray[np.int64]) -> None:
        if (tree < 0).any() or (own < 0).any() or max(tree.max(), own.max()) >= 1 << 31:
            raise _unsound("a node has an impossible number")
        self.tree = tree
        keys = (tree << 32) | own
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]
        if (self._keys[1:] == self._keys[:-1]).any():
            raise _unsound("two nodes have one number")

    def of(self, tree: NDArray[np.int64], own: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the places of nodes."""
        if ((own < 0) | (own >= 1 << 31) | (tree < 0) | (tree >= 1 << 31)).any():
            raise _unsound("a node has an impossible number")
        keys = (tree << 32) | own
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        if (self._keys[at] != keys).any():
            raise _unsound("a node leads to one that is not there")
        return self._order[at]


def _check_walk(
    places: _Places, inner: NDArray[np.bool_], true: NDArray[np.int64], false: NDArray[np.int64]
) -> None:
    """Walk all trees at once from their roots: every node must be met exactly once."""
    count = len(inner)
    children = np.full((count, 2), -1, dtype=np.int64)
    for column, named in enumerate((true, false)):
        children[inner, column] = places.of(places.tree[inner], named[inner])
    parents = np.bincount(children[inner].ravel(), minlength=count)
    if (parents > 1).any():
        raise _unsound("two nodes lead to one")
    level = np.flatnonzero(parents == 0)
    met = 0
    for _ in range(MAX_DEPTH):
        met += len(level)
        level = children[level[inner[level]]].ravel()
        if not len(level):
            break
    else:
        raise _unsound(f"a tree is deeper than {MAX_DEPTH}")
    if met != count:
        raise _unsound("a tree leads back into itself")
    roots = places.tree[parents == 0]
    if len(np.unique(roots)) != len(roots):
        raise _unsound("a tree has two roots")


def _check_leaves(node: OnnxNode, places: _Places) -> None:
    kind = "class" if node.operation == "TreeEnsembleClassifier" else "target"
    empty = np.zeros(0, dtype=np.int64)
    trees, own, ids = (node.numbers.get(f"{kind}_{name}", empty) for name in ("treeids", "nodeids", "ids"))
    if not len(ids) or len(trees) != len(ids) or len(own) != len(ids):
        raise _unsound("its leaves are not whole")
    places.of(trees, own)
    if kind == "class":
        labels = node.numbers.get("classlabels_int64s", empty)
        outputs = len(labels) or len(node.texts.get("classlabels_strings", ()))
    else:
        outputs = 1
    if (ids < 0).any() or (ids >= max(outputs, 1)).any():
        raise _unsound("a leaf counts for an output that is not there")


def _unsound(why: str) -> ModelInvalid:
    return ModelInvalid(f"a tree of it is not sound: {why}")
