"""Look through a skops file before it is loaded: what types it names, how large it becomes.

A skops file is a ZIP archive of a `schema.json`, which names the classes to build, and of NumPy arrays. Building a
class runs that class's code, so only classes of a closed list are built; functions, methods and partial applications
are none of them. The list is narrower than what skops trusts by itself.
"""

from __future__ import annotations

import io
import math
import zipfile
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np

from satark.core.errors import ModelInvalid

MAX_MEMBERS: Final = 20_000
MAX_UNPACKED_BYTES: Final = 512 << 20
MAX_SCHEMA_BYTES: Final = 64 << 20
MAX_DEPTH: Final = 60
MAX_NODES: Final = 2_000_000
SCHEMA: Final = "schema.json"

NUMBERS: Final = frozenset(
    {
        "numpy.bool", "numpy.bool_", "numpy.float32", "numpy.float64", "numpy.int32", "numpy.int64", "numpy.int8",
        "numpy.uint32", "numpy.uint64", "numpy.uint8",
    }
)  # fmt: skip
PLAIN: Final = frozenset(
    {"builtins.bool", "builtins.float", "builtins.int", "builtins.str", "builtins.NoneType"}
)
ESTIMATORS: Final = frozenset(
    {
        "sklearn._loss.link.Interval",
        "sklearn._loss.link.LogitLink",
        "sklearn._loss.loss.HalfBinomialLoss",
        "sklearn.calibration.CalibratedClassifierCV",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.compose._column_transformer.ColumnTransformer",
        "sklearn.decomposition._pca.PCA",
        "sklearn.dummy.DummyClassifier",
        "sklearn.ensemble._forest.ExtraTreesClassifier",
        "sklearn.ensemble._forest.RandomForestClassifier",
        "sklearn.ensemble._gb.GradientBoostingClassifier",
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.ensemble._iforest.IsolationForest",
        "sklearn.ensemble._voting.VotingClassifier",
        "sklearn.ensemble._weight_boosting.AdaBoostClassifier",
        "sklearn.impute._base.MissingIndicator",
        "sklearn.impute._base.SimpleImputer",
        "sklearn.isotonic.IsotonicRegression",
        "sklearn.linear_model._base.LinearRegression",
        "sklearn.linear_model._logistic.LogisticRegression",
        "sklearn.linear_model._logistic.LogisticRegressionCV",
        "sklearn.linear_model._ridge.Ridge",
        "sklearn.linear_model._stochastic_gradient.SGDClassifier",
        "sklearn.naive_bayes.BernoulliNB",
        "sklearn.naive_bayes.GaussianNB",
        "sklearn.neural_network._multilayer_perceptron.MLPClassifier",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.pipeline.FeatureUnion",
        "sklearn.pipeline.Pipeline",
        "sklearn.preprocessing._data.MaxAbsScaler",
        "sklearn.preprocessing._data.MinMaxScaler",
        "sklearn.preprocessing._data.PowerTransformer",
        "sklearn.preprocessing._data.QuantileTransformer",
        "sklearn.preprocessing._data.RobustScaler",
        "sklearn.preprocessing._data.StandardScaler",
        "sklearn.preprocessing._discretization.KBinsDiscretizer",
        "sklearn.preprocessing._encoders.OneHotEncoder",
        "sklearn.preprocessing._encoders.OrdinalEncoder",
        "sklearn.preprocessing._label.LabelBinarizer",
        "sklearn.preprocessing._label.LabelEncoder",
        "sklearn.svm._classes.LinearSVC",
        "sklearn.tree._classes.DecisionTreeClassifier",
        "sklearn.tree._classes.DecisionTreeRegressor",
        "sklearn.tree._classes.ExtraTreeClassifier",
        "sklearn.tree._classes.ExtraTreeRegressor",
    }
)
ALLOWED: Final = {
    "DTypeNode": frozenset({"numpy.dtype"}),
    "DictNode": frozenset({"builtins.dict", "collections.OrderedDict", "sklearn.utils._bunch.Bunch"}),
    "JsonNode": PLAIN,
    "ListNode": frozenset({"builtins.list"}),
    "LossNode": frozenset({"sklearn._loss._loss.CyHalfBinomialLoss"}),
    "NdArrayNode": NUMBERS | {"numpy.ndarray"},
    "ObjectNode": ESTIMATORS,
    # States of random numbers, which estimators keep and prediction does not use.
    "RandomGeneratorNode": frozenset({"numpy.random._generator.Generator"}),
    "RandomStateNode": frozenset({"numpy.random.mtrand.RandomState"}),
    "SetNode": frozenset({"builtins.set"}),
    "SliceNode": frozenset({"builtins.slice"}),
    "TreeNode": frozenset({"sklearn.tree._tree.Tree"}),
    "TupleNode": frozenset({"builtins.tuple"}),
    "TypeNode": NUMBERS | PLAIN,
}
"""Ways of building a value, and the types that each may build. Not among them: functions, methods, partial
applications, operators, bytes, and classes that are called with arguments of the file."""
_EVERY: Final = frozenset[str]().union(*ALLOWED.values())


@dataclass(frozen=True, slots=True)
class SkopsNames:
    """What a skops file names.

    Attributes
    ----------
    types
        Each once; all are allowed.
    versions
        The versions of scikit-learn that wrote it.
    """

    types: frozenset[str]
    versions: frozenset[str]


def look_through(data: bytes) -> SkopsNames:
    """Return what a skops file names, all of which is allowed.

    Parameters
    ----------
    data
        The whole file.

    Raises
    ------
    ModelInvalid
        It is damaged, becomes too large, or names a type that is not allowed.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check_members(members)
            schema = archive.read(SCHEMA)
            for one in members:
                if one.filename != SCHEMA:
                    _check_array(archive, one)
    except ModelInvalid:
        raise
    except Exception:  # noqa: BLE001 - archives and headers of arrays fail in a dozen ways, down to tokenize.TokenError
        message = "it is not a skops file, or it is damaged"
        raise ModelInvalid(message) from None
    try:
        tree = msgspec.json.decode(schema)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        message = "its schema.json cannot be read"
        raise ModelInvalid(message) from None
    if not isinstance(tree, dict):
        message = "its schema.json is not an object"
        raise ModelInvalid(message)
    names = {one.filename for one in members}
    return _walk(tree, names)


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        message = f"it holds {len(members)} files, and at most {MAX_MEMBERS} are read"
        raise ModelInvalid(message)
    # Python reads no more of a member than the size that stands here, so a lie about it gains nothing.
    unpacked = sum(one.file_size for one in members)
    if unpacked > MAX_UNPACKED_BYTES:
        message = f"unpacked it has {unpacked} bytes, and at most {MAX_UNPACKED_BYTES} are read"
        raise ModelInvalid(message)
    if any(one.filename == SCHEMA and one.file_size > MAX_SCHEMA_BYTES for one in members):
        message = f"its schema.json is larger than {MAX_SCHEMA_BYTES} bytes"
        raise ModelInvalid(message)
    for one in members:
        if one.filename != SCHEMA and not one.filename.endswith(".npy"):
            message = f"it holds {one.filename[:60]!r}; only NumPy arrays (.npy) are read"
            raise ModelInvalid(message)


def _check_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Refuse an array that says it is larger than its bytes, or that holds objects."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(file)
    if dtype.hasobject or math.prod(shape) * dtype.itemsize > member.file_size:
        message = f"its array {member.filename[:60]!r} holds objects, or says that it is larger than it is"
        raise ModelInvalid(message)


def _walk(tree: dict[str, Any], members: set[str]) -> SkopsNames:
    found: set[str] = set()
    versions: set[str] = set()
    nodes = 0
    waiting: list[tuple[Any, int]] = [(tree, 0)]
    while waiting:
        value, depth = waiting.pop()
        nodes += 1
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            message = "its schema.json is nested too deeply or too large"
            raise ModelInvalid(message)
        if isinstance(value, list):
            waiting += [(one, depth + 1) for one in value]
        elif isinstance(value, dict):
            if "__loader__" in value or "__class__" in value:
                found.add(_allowed(value, members))
            version = value.get("_sklearn_version")
            if isinstance(version, dict):
                versions.add(str(version.get("content")).strip('"'))
            waiting += [(one, depth + 1) for one in value.values()]
    return SkopsNames(frozenset(found), frozenset(versions))


def _allowed(node: dict[str, Any], members: set[str]) -> str:
    """Return the type of a node."""
    name = f"{node.get('__module__')}.{node.get('__class__')}"
    loader = str(node.get("__loader__"))
    # A value that stands a second time was built where it stood first.
    types = _EVERY if loader == "CachedNode" else ALLOWED.get(loader)
    if types is None:
        message = f"it builds {name[:120]!r} by {loader[:60]!r}, which is not among the ways that are allowed"
        raise ModelInvalid(message, type=name)
    if name not in types:
        message = (
            f"it names the type {name[:120]!r}, which is not among those that are allowed (docs/adapters.md)"
        )
        raise ModelInvalid(message, type=name)
    file = node.get("file")
    if file is not None and file not in members:
        message = f"it names the array {str(file)[:60]!r}, which it does not hold"
        raise ModelInvalid(message)
    return name
