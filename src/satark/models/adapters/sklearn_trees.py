"""Check the trees of a loaded scikit-learn model before it scores anything.

scikit-learn follows the indices in a tree's nodes without looking whether they are within bounds. A crafted file could
so read beyond its memory or walk in a circle for ever; so every index is looked at here, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from satark.core.errors import ModelInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_TREE_OWNERS = frozenset(
    {
        "DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor",
        "ExtraTreesClassifier", "GradientBoostingClassifier", "HistGradientBoostingClassifier", "IsolationForest",
        "RandomForestClassifier",
    }
)  # fmt: skip
_MAX_OBJECTS = 1_000_000


def check_trees(model: object) -> None:
    """Check all trees of a model.

    Raises
    ------
    ModelInvalid
        A tree is not sound.
    """
    for owner, width in walk(model):
        kind = type(owner).__name__
        if kind == "Tree":
            _check_tree(owner, width)
        elif kind == "TreePredictor":
            _check_predictor(owner, width)
        elif kind == "GradientBoostingClassifier":
            if getattr(owner, "n_trees_per_iteration_", None) != 1 or np.ndim(owner.estimators_) != 2:  # noqa: PLR2004
                raise _unsound("a boosted model for more than two classes is not read")
            if owner.estimators_.shape[1] != 1:
                raise _unsound("a boosted model has more trees per step than it says")
        elif kind == "IsolationForest" and owner._max_features != owner.n_features_in_:  # noqa: SLF001
            raise _unsound("an isolation forest must see all inputs (max_features=1.0)")


def walk(model: object) -> Iterator[tuple[Any, int | None]]:
    """Yield everything that a model is made of, each object once, with the number of inputs that trees in it see."""
    waiting: list[tuple[Any, int | None]] = [(model, None)]
    seen: set[tuple[int, int | None]] = set()
    while waiting:
        value, width = waiting.pop()
        if isinstance(value, str | bytes | int | float | bool | type | None) or (id(value), width) in seen:
            continue
        seen.add((id(value), width))
        if len(seen) > _MAX_OBJECTS:
            raise _unsound("it has too many parts")
        kind = type(value).__name__
        inside: list[Any] = []
        if isinstance(value, dict):
            inside = list(value.values())
        elif isinstance(value, list | tuple | set):
            inside = list(value)
        elif isinstance(value, np.ndarray):
            inside = list(value.ravel()) if value.dtype == object else []
        elif hasattr(value, "__dict__"):
            inside = list(vars(value).values())
        if kind in _TREE_OWNERS:
            # A forest keeps an unfitted tree as a pattern; it has no number of inputs, and must have no nodes.
            own = getattr(value, "n_features_in_", 0)
            if not isinstance(own, int | np.integer) or own < 0:
                raise _unsound("the number of its inputs is no number")
            width = int(own) if width is None else min(width, int(own) or width)
        elif hasattr(value, "fit"):
            width = None
        yield value, width
        waiting += [(one, width) for one in inside]


def _check_tree(tree: Any, width: int | None) -> None:  # noqa: ANN401 - scikit-learn has no types
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    _check_nodes(left, right, feature, left == -1, width)
    if not np.array_equal(left == -1, right == -1):
        raise _unsound("a node of a tree has one child")


def _check_predictor(predictor: Any, width: int | None) -> None:  # noqa: ANN401 - as above
    nodes = predictor.nodes
    if not isinstance(nodes, np.ndarray) or nodes.dtype.names is None or "is_leaf" not in nodes.dtype.names:
        raise _unsound("a tree has no nodes")
    if nodes["is_categorical"].any():
        raise _unsound("splits by categories are not read; code categories as numbers, or convert to ONNX")
    leaf = nodes["is_leaf"].astype(bool)
    left, right = nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)
    _check_nodes(left, right, nodes["feature_idx"].astype(np.int64), leaf, width)


def _check_nodes(
    left: NDArray[Any], right: NDArray[Any], feature: NDArray[Any], leaf: NDArray[np.bool_], width: int | None
) -> None:
    count = len(left)
    inner = ~leaf
    own = np.arange(count)[inner]
    if width is None or not count:
        raise _unsound("a tree stands where none belongs")
    for child in (left[inner], right[inner]):
        # A child comes after its parent, so no walk can turn in a circle.
        if ((child <= own) | (child >= count)).any():
            raise _unsound("a node of a tree leads out of it or back")
    if ((feature[inner] < 0) | (feature[inner] >= width)).any():
        raise _unsound("a node of a tree asks for an input that is not there")


def _unsound(why: str) -> ModelInvalid:
    return ModelInvalid(f"the scikit-learn model is not sound: {why}")
