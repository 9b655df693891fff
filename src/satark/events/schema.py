"""The events as JSON Schema (2020-12), for OpenAPI and for callers who check before they send."""

from __future__ import annotations

import copy
from typing import Any

import msgspec

from satark.events.examples import EXAMPLES
from satark.events.kinds import EVENT_TYPES

OPENAPI_REF = "#/components/schemas/{name}"


def components(ref_template: str = OPENAPI_REF) -> dict[str, dict[str, Any]]:
    """Return the schema of each event type and of each part, by name, with examples on the events.

    Parameters
    ----------
    ref_template
        How one schema points to another; the default suits OpenAPI.

    Notes
    -----
    `type` is required in the schemas of events that stand in a union; where only payments are welcome it may
    be left out. `Card.next_token` is written by Satark alone and is marked read-only.

    Examples
    --------
    >>> found = components()
    >>> found["Payment"]["properties"]["amount_minor"]["minimum"], "Address" in found
    (0, True)
    """
    _, found = msgspec.json.schema_components(list(EVENT_TYPES.values()), ref_template=ref_template)
    schemas: dict[str, dict[str, Any]] = copy.deepcopy(found)
    for tag, struct in EVENT_TYPES.items():
        schemas[struct.__name__]["examples"] = [copy.deepcopy(dict(one)) for one in EXAMPLES[tag].values()]
    schemas["Card"]["properties"]["next_token"]["readOnly"] = True
    return schemas


def event_schema(ref_template: str = OPENAPI_REF) -> dict[str, Any]:
    """Return the schema of "any event": one of the four, told apart by `type`.

    Examples
    --------
    >>> sorted(event_schema()["discriminator"]["mapping"])
    ['label', 'payee_change', 'payment', 'payment_result']
    """
    refs = {tag: ref_template.format(name=struct.__name__) for tag, struct in EVENT_TYPES.items()}
    return {
        "oneOf": [{"$ref": ref} for ref in refs.values()],
        "discriminator": {"propertyName": "type", "mapping": refs},
    }
