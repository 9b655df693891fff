"""SMS, WhatsApp and push through Apprise, which speaks the languages of some hundred gateways.

The operator writes the gateway as Apprise's address with places for what differs: ``{to}`` for the number or token;
``{template}``, ``{entity}`` and ``{header}`` for the ids under which text and sender are registered (DLT in India).
What comes from an event is quoted before it is put in, so that a number cannot change the address.

Apprise tells success from failure, but a failure may be a refusal, a closed door or a lost answer. Those differ in
whether the message may have arrived, so its own log of the one call is looked through: a connection that never came
about and a gateway's refusal are tried again, all else is doubt.
"""

from __future__ import annotations

import logging
import re
import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from satark.cases.outbox import Outcome, Text, Verdict
from satark.connectors.webhook import outcome_of
from satark.core.errors import SettingInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from satark.cases.outbox import Parcel

WHOLE_SECONDS = 30.0
TO, TEMPLATE = "{to}", "{template}"
_FROM_HEADERS = {"{entity}": "dlt-entity", "{header}": "dlt-header"}
_PLACE = re.compile("|".join(re.escape(place) for place in (TO, TEMPLATE, *_FROM_HEADERS)))
_SAMPLE = "+919876543210"

NOT_CONNECTED = (
    "NewConnectionError",
    "ConnectTimeoutError",
    "NameResolutionError",
    "Failed to establish a new connection",
    "CERTIFICATE_VERIFY_FAILED",
)
"""What urllib3 writes when no connection came about, so that nothing can have been sent."""

_STATUS = re.compile(r"error=(\d{3})\b")
_LOST = re.compile(r"[Cc]onnection error|Socket Exception|timed out", re.ASCII)


class AppriseCarrier:
    """Delivers through one gateway; callable from several threads at once.

    Parameters
    ----------
    address
        Apprise's address of the gateway, with ``{to}`` in it.
    whole_seconds
        How long one delivery may take.

    Raises
    ------
    SettingInvalid
        The address has no ``{to}``, or Apprise cannot read it.
    """

    def __init__(self, address: str, *, whole_seconds: float = WHOLE_SECONDS) -> None:
        self._address = address
        self._whole_seconds = whole_seconds
        # Apprise logs what it sends and to whom; only the one call's own log is looked at, and nothing is kept.
        log = logging.getLogger("apprise")
        log.propagate = False
        log.setLevel(logging.DEBUG)
        if TO not in address:
            message = "the address of a gateway has the place {to} for the receiver"
            raise SettingInvalid(message, setting="gateway")
        with warnings.catch_warnings():
            # The first look loads all of Apprise's plugins, some of which lean on what Python is about to drop.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._service(_SAMPLE, "1", {})

    def deliver(self, parcel: Parcel) -> Outcome:
        """Hand one text to the gateway."""
        try:
            text = msgspec.json.decode(parcel.body, type=Text)
        except msgspec.MsgspecError:
            return Outcome(verdict=Verdict.REFUSED, reason="text_invalid")
        if not text.text.strip():
            return Outcome(verdict=Verdict.REFUSED, reason="text_invalid")
        try:
            service = self._service(parcel.target, text.template, parcel.headers)
        except SettingInvalid:
            return Outcome(verdict=Verdict.REFUSED, reason="target_invalid")
        result = service.notify(
            body=text.text,
            title=text.title,
            body_format="text",
            interpret_escapes=False,
            timeout=self._whole_seconds,
            log_level=logging.DEBUG,
        )
        with result:
            return outcome_of_result(result.status.name, ((one.level, one.message) for one in result.logs()))

    def _service(self, target: str, template: str, headers: Mapping[str, str]) -> Any:  # noqa: ANN401 - loaded late
        """Return Apprise with the one gateway and receiver."""
        from apprise import Apprise, AppriseAsset

        values = {TO: target, TEMPLATE: template}
        values |= {place: headers.get(name, "") for place, name in _FROM_HEADERS.items()}
        # In one pass, so that what is put in is never looked at again.
        address = _PLACE.sub(lambda found: quote(values[found[0]], safe=""), self._address)
        asset = AppriseAsset(async_mode=False, secure_logging=True)
        service = Apprise(asset=asset)
        if not service.add(address) or len(service) != 1:
            message = "the address of a gateway cannot be read by Apprise, or names none or several receivers"
            raise SettingInvalid(message, setting="gateway")
        return service


def outcome_of_result(status: str, log: Iterable[tuple[str, str]]) -> Outcome:
    """Return what Apprise's result and its log of the call mean.

    Examples
    --------
    >>> outcome_of_result("SUCCESS", []).verdict.value, outcome_of_result("TIMEOUT", []).verdict.value
    ('sent', 'doubt')
    >>> outcome_of_result("FAILURE", [("WARNING", "Failed to send X notification: error=503.")]).verdict.value
    'again'
    >>> outcome_of_result("FAILURE", [("DEBUG", "Socket Exception: Read timed out.")]).verdict.value
    'doubt'
    """
    if status == "SUCCESS":
        return Outcome(verdict=Verdict.SENT, reason="accepted")
    if status == "TIMEOUT":
        return Outcome(verdict=Verdict.DOUBT, reason="no_answer")
    lines = list(log)
    if any(mark in message for _, message in lines for mark in NOT_CONNECTED):
        return Outcome(verdict=Verdict.AGAIN, reason="connect_failed")
    if any(_LOST.search(message) for _, message in lines):
        return Outcome(verdict=Verdict.DOUBT, reason="connection_lost")
    # Payloads are logged at debug level only, so what is read here is Apprise's own.
    for level, message in lines:
        found = _STATUS.search(message) if level in {"WARNING", "ERROR"} else None
        if found is not None:
            return outcome_of(int(found[1]))
    return Outcome(verdict=Verdict.DOUBT, reason="answer_unreadable")
