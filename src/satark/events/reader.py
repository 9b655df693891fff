"""From an event to the values of its facts, in a given order, quickly.

The engine reads the same forty or so facts of each event. `compile_reader` writes one Python function for
exactly these names: it reaches each part of the event once, and computes a signal only when it is named. It
stands between the door and the windows on the way of an event.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from satark.core.errors import InputInvalid
from satark.events.facts import BASE_FACTS, CUSTOM_PREFIX, LABEL, PAYEE_CHANGE, PAYMENT, RESULT, FactType
from satark.events.kinds import EVENT_TYPES
from satark.events.refusals import near
from satark.events.rules import address_key
from satark.events.signals import SIGNAL_INPUTS, Signal, in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from satark.events.context import Context
    from satark.events.kinds import Event, Payment

    Reader = Callable[[Event, Payment | None, Context], list[Any]]

# The time is only reckoned where it picks a rate.
_CONVERTED = "ctx.in_base({x}.amount_minor, {x}.currency, ({x}.occurred_at - EPOCH) // ONE_US)"
# fact -> (part of the event or "" for the event itself, how to read it from that part; {x} is the part)
_PAYMENT_READS: dict[str, tuple[str, str]] = {
    "id": ("", "{x}.id"),
    "occurred_at": ("", "({x}.occurred_at - EPOCH) // ONE_US"),
    "amount": ("", f"{{x}}.amount_minor if {{x}}.currency == ctx.base_currency else {_CONVERTED}"),
    "amount_minor": ("", "{x}.amount_minor"),
    "currency": ("", "{x}.currency"),
    "method": ("", "{x}.method"),
    "channel": ("", "{x}.channel"),
    "customer": ("customer", "{x}.id"),
    "customer_added_at": ("customer", "None if {x}.added_at is None else ({x}.added_at - EPOCH) // ONE_US"),
    "phone": ("customer", "{x}.phone"),
    "email": ("customer", "{x}.email"),
    "account": ("payer", "{x}.account"),
    "vpa": ("payer", "{x}.vpa"),
    "card": ("card", "{x}.token"),
    "bin": ("card", "{x}.bin"),
    "bin6": ("card", "{x}.bin and {x}.bin[:6]"),
    "last4": ("card", "{x}.last4"),
    "issuer_country": ("card", "{x}.issuer_country"),
    "three_ds": ("card", "{x}.three_ds"),
    "merchant": ("payee", "{x}.merchant"),
    "payee_account": ("payee", "{x}.account"),
    "payee_vpa": ("payee", "{x}.vpa"),
    "mcc": ("payee", "{x}.mcc"),
    "payee_added_at": ("payee", "None if {x}.added_at is None else ({x}.added_at - EPOCH) // ONE_US"),
    "upi_flow": ("", "{x}.upi_flow"),
    "line_count": ("", "len({x}.lines)"),
    "quantity": ("", "sum([line.quantity for line in {x}.lines])"),
    "device": ("device", "{x}.id"),
    "fingerprint": ("device", "{x}.fingerprint"),
    "user_agent": ("device", "{x}.user_agent"),
    "ip": ("", "{x}.ip"),
    "ip_country": ("", "{x}.ip_country"),
    "location": ("location", "({x}.lat, {x}.lon, {x}.accuracy_m)"),
    "lines": ("", "{x}.lines"),
    "shipping": ("", "{x}.shipping"),
    "billing": ("", "{x}.billing"),
    **{
        f"{kind}_{name}": (kind, f"{{x}}.{name}")
        for kind in ("shipping", "billing")
        for name in ("line", "city", "pin", "country")
    },
    **{f"{kind}_address": (kind, "address_key({x}.line, {x}.pin)") for kind in ("shipping", "billing")},
}
_OWN_READS: dict[str, dict[str, tuple[str, str]]] = {
    PAYMENT: _PAYMENT_READS,
    RESULT: {
        "id": ("", "{x}.id"),
        "occurred_at": ("", "({x}.occurred_at - EPOCH) // ONE_US"),
        "payment": ("", "{x}.payment"),
        "outcome": ("", "{x}.outcome"),
        "result_code": ("", "{x}.code"),
        "result_amount_minor": ("", "{x}.amount_minor"),
    },
    LABEL: {
        "id": ("", "{x}.id"),
        "occurred_at": ("", "({x}.reported_at - EPOCH) // ONE_US"),
        "payment": ("", "{x}.event"),
        "label": ("", "{x}.label"),
        "label_kind": ("", "{x}.kind"),
        "reporter": ("", "{x}.reporter"),
    },
    PAYEE_CHANGE: {
        **{
            name: read
            for name, read in _PAYMENT_READS.items()
            if name in BASE_FACTS and PAYEE_CHANGE in BASE_FACTS[name].events
        },
        "change": ("", "{x}.change"),
    },
}
_HAS_PAYMENT = frozenset({RESULT, LABEL})
_EMPTY: Mapping[str, Any] = {}


def compile_reader(
    names: Sequence[str],
    event_type: str,
    signals: Mapping[str, Signal] = _EMPTY,
    attributes: Mapping[str, FactType] = _EMPTY,
) -> Reader:
    """Compile the function that reads facts and signals of one type of event.

    Parameters
    ----------
    names
        Facts (`BASE_FACTS`), custom attributes (``custom.tier``), signals, or `SIGNAL_INPUTS`.
    event_type
        The tag of the events that will be read.
    signals
        All registered signals by name; only those that are named, or needed by these, are computed.
    attributes
        The policy's custom attributes: an int given for a declared float is read as a float.

    Returns
    -------
    Reader
        ``read(event, payment, context) -> list`` with the values in the order of `names`; None is missing.
        `payment` is the payment that a result or label is about (None when it is not known), else None. What
        could not be computed is reported in ``context.degraded``.

    Raises
    ------
    InputInvalid
        A name is no fact or signal of this event type; ``field`` is the name, ``hint`` a near one.

    Examples
    --------
    >>> from satark.events import Context, decode_event
    >>> body = b'{"id":"p1","occurred_at":"1970-01-01T05:30:01+05:30","amount_minor":5000,"method":"upi"}'
    >>> read = compile_reader(["method", "amount", "occurred_at", "card"], "payment")
    >>> read(decode_event(body, "payment"), None, Context())
    ['upi', 5000, 1000000, None]
    """
    source, names_in_scope = _write(list(names), event_type, signals, attributes)
    scope: dict[str, Any] = dict(names_in_scope)
    exec(compile(source, f"<reader of {event_type}>", "exec"), scope)  # noqa: S102 - made of the tables above only
    reader: Reader = scope["read"]
    return reader


def readable(event_type: str) -> frozenset[str]:
    """Return the names that a reader of one event type knows by itself: facts and `SIGNAL_INPUTS`."""
    own = frozenset(_OWN_READS[event_type])
    return own | _PAYMENT_READS.keys() if event_type in _HAS_PAYMENT else own


def _write(
    names: list[str],
    event_type: str,
    signals: Mapping[str, Signal],
    attributes: Mapping[str, FactType],
) -> tuple[str, dict[str, Any]]:
    if event_type not in EVENT_TYPES:
        message = f"{event_type!r} is not an event type"
        raise InputInvalid(message, field="event_type", hint=near(event_type, EVENT_TYPES))
    scope: dict[str, Any] = {
        "EPOCH": datetime(1970, 1, 1, tzinfo=UTC),
        "ONE_US": timedelta(microseconds=1),
        "address_key": address_key,
        "inf": float("inf"),
    }
    ordered = in_order(names, signals)
    needed = dict.fromkeys([*names, *(name for signal in ordered for name in signal.inputs)])
    plain = [name for name in needed if name not in signals]
    variables = {
        name: f"v{number}" for number, name in enumerate([*plain, *(signal.name for signal in ordered)])
    }
    own = _OWN_READS[event_type]
    from_event = {name: own[name] for name in plain if name in own}
    from_payment: dict[str, tuple[str, str]] = {}
    for name in plain:
        if name in own:
            continue
        read = _payment_read(name, event_type, attributes)
        if read is None:
            known = readable(event_type) | signals.keys()
            message = f"{name} is not a fact or signal of {event_type}"
            raise InputInvalid(message, field=name, hint=near(name, known))
        from_payment[name] = read
    lines = ["def read(e, p, ctx):", *_reads(from_event, variables, "e", "    ")]
    if event_type in _HAS_PAYMENT and from_payment:
        everything = " = ".join(variables[name] for name in from_payment)
        lines += ["    if p is None:", f"        {everything} = None", "    else:"]
        lines += _reads(from_payment, variables, "p", "        ")
    else:
        lines += _reads(from_payment, variables, "e", "    ")
    for number, signal in enumerate(ordered):
        scope[f"signal{number}"] = signal.compute
        lines += _signal_lines(signal, variables, f"signal{number}")
    lines.append(f"    return [{', '.join(variables[name] for name in names)}]")
    return "\n".join(lines), scope


def _payment_read(name: str, event_type: str, attributes: Mapping[str, FactType]) -> tuple[str, str] | None:
    """Return how to read a payment's fact from a payment, or from the payment of a result or label."""
    if event_type != PAYMENT and event_type not in _HAS_PAYMENT:
        return None
    if not name.startswith(CUSTOM_PREFIX):
        return _PAYMENT_READS.get(name)
    attribute = name.removeprefix(CUSTOM_PREFIX)
    if not attribute.isidentifier() or (attributes and attribute not in attributes):
        return None
    if attributes.get(attribute) == FactType.FLOAT:
        return "custom", f"float({{x}}[{attribute!r}]) if {attribute!r} in {{x}} else None"
    return "custom", f"{{x}}.get({attribute!r})"


def _reads(
    reads: Mapping[str, tuple[str, str]], variables: Mapping[str, str], root: str, indent: str
) -> list[str]:
    """Write the assignments, each part of the event being reached once."""
    by_part: dict[str, list[str]] = {}
    for name, (part, _) in reads.items():
        by_part.setdefault(part, []).append(name)
    lines: list[str] = []
    for part, names in by_part.items():
        if not part:
            lines += [f"{indent}{variables[name]} = {reads[name][1].format(x=root)}" for name in names]
            continue
        lines += [f"{indent}x = {root}.{part}", f"{indent}if x is None:"]
        lines += [f"{indent}    {' = '.join(variables[name] for name in names)} = None", f"{indent}else:"]
        lines += [f"{indent}    {variables[name]} = {reads[name][1].format(x='x')}" for name in names]
    return lines


def _signal_lines(signal: Signal, variables: Mapping[str, str], function: str) -> Iterable[str]:
    """Write the computation of one signal; whatever it raises must not stop the decision."""
    variable = variables[signal.name]
    arguments = ", ".join(variables[name] for name in signal.inputs)
    yield "    try:"
    yield f"        {variable} = {function}({arguments})"
    if signal.type in {FactType.FLOAT, FactType.INT}:
        # An infinity or NaN is no answer; a value that is no number at all raises here and is reported.
        yield f"        if {variable} is not None and not -inf < {variable} < inf: {variable} = None"
    yield "    except Exception:"
    yield f"        {variable} = None"
    yield f"        ctx.degrade({'signal:' + signal.name!r})"


__all__ = ["SIGNAL_INPUTS", "compile_reader", "readable"]
