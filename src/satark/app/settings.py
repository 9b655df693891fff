"""Every setting of Satark, in one frozen object that is built once, at start, and handed on.

Where a value comes from, the later winning: the default here; an optional TOML file; the environment
(``SATARK_`` and the name in capitals); an option of the command. Nothing is read when a module is imported,
and nothing below `satark.app` sees this object: wiring hands each part the few values that it needs.
`docs/settings.md` is generated from the ``doc`` of each field, and a test compares the two.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from satark.core.errors import SettingInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "SATARK_"
CONFIG_VARIABLE = "SATARK_CONFIG"

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


def _setting(default: object, doc: str, *, least: int | None = None, most: int | None = None) -> Any:  # noqa: ANN401
    """Declare one setting: its default, the sentence that documents it, and its bounds."""
    return dataclasses.field(default=default, metadata={"doc": doc, "least": least, "most": most})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator can decide about a running Satark."""

    home: Path = _setting(
        Path("var"),
        "Folder of all that is kept: the database, windows, secrets, logs, compiled code.",
    )
    database: str = _setting(
        "",
        "Database URL, as `postgresql+psycopg://user@host/satark`; empty means SQLite in the data folder.",
    )
    policy: str = _setting(
        "payments", "The policy that decides: the name of a bundled one, or the path of a YAML file."
    )
    rates: str = _setting(
        "", "Path of a dated table of exchange rates (YAML or CSV); empty means base currency only."
    )
    host: str = _setting("127.0.0.1", "Address on which the engine's HTTP server listens.")
    port: int = _setting(8_080, "Port of the engine's HTTP server; 0 takes a free one.", least=0, most=65_535)
    web_host: str = _setting("127.0.0.1", "Address on which the pages are served.")
    web_port: int = _setting(8_081, "Port of the pages; 0 takes a free one.", least=0, most=65_535)
    web_https: bool = _setting(
        default=False,
        doc="The pages are reached over HTTPS (by a proxy): cookies are sent over it alone.",
    )
    public_address: str = _setting(
        "",
        "Address under which customers reach the pages, as `https://alerts.bank.example`; the links in notices "
        "begin with it, so notices need it.",
    )
    web_origin: str = _setting(
        "",
        "Where people reach the pages, as `https://fraud.bank.example`; passkeys and single sign-on need it, except "
        "on `localhost`.",
    )
    web_second_factor: bool = _setting(
        default=True,
        doc="Every member of staff needs a second factor or a passkey; `satark up` asks for none on this machine.",
    )
    oidc_issuer: str = _setting(
        "", "OpenID Connect provider of the staff, as its tokens name it; empty means no single sign-on."
    )
    oidc_client_id: str = _setting("", "Name of the pages at the identity provider.")
    oidc_client_secret: str = _setting("", "Secret of the pages at the identity provider, if it gave one.")
    oidc_username_claim: str = _setting(
        "email", "Claim of the provider's token that holds the member's name; `email` must be verified there."
    )
    oidc_role_claim: str = _setting("groups", "Claim of the provider's token that lists the member's groups.")
    oidc_roles: str = _setting(
        "",
        "Roles that groups give, the first that fits, as `fraud-leads=supervisor fraud-desk=analyst`; empty means "
        "that the administrator adds people and gives roles.",
    )
    secrets: str = _setting(
        "",
        "The installation's secrets, as the text of `secrets.json`; empty means that file in the data "
        "folder, which the first start makes.",
    )
    deadline_ms: int = _setting(
        100, "Time budget of a decision for requests that name none, in milliseconds.", least=1, most=60_000
    )
    late_seconds: int = _setting(
        300, "How late an event may be and still enter the windows at its own time.", least=0, most=86_400
    )
    future_seconds: int = _setting(
        60, "How far in the future an event may claim to be before it is refused.", least=0, most=3_600
    )
    windows_mb: int = _setting(
        4_096, "Most memory that the windows may take, in megabytes.", least=16, most=1_048_576
    )
    snapshot_seconds: int = _setting(
        300,
        "Time between two snapshots of the windows; a shorter one makes a start faster.",
        least=1,
        most=86_400,
    )
    batch_wait_us: int = _setting(
        2_000,
        "How long a commit waits for others to share its disk write when several come at once, in microseconds; up to "
        "two and a half times as long when very many do.",
        least=0,
        most=100_000,
    )
    max_body_kb: int = _setting(
        256,
        "Largest body of one event, in kilobytes.",
        least=1,
        most=65_536,
    )
    rate_per_second: int = _setting(
        5_000,
        "Requests a second that one API key may make where the key itself names no limit.",
        least=1,
        most=1_000_000,
    )
    stop_seconds: int = _setting(10, "How long a stop waits to finish what was accepted.", least=1, most=600)
    keep_bodies_days: int = _setting(
        365, "Days after which `satark retention` removes the bodies of events.", least=181, most=36_500
    )
    keep_decisions_days: int = _setting(
        1_825,
        "Days after which `satark retention` removes decisions; digests stay for the chain.",
        least=1,
        most=36_500,
    )
    webhook_networks: str = _setting(
        "",
        "Networks of the house that webhooks may go to, as `10.20.0.0/16 127.0.0.1`; all else must be public "
        "and over HTTPS.",
    )
    smtp_host: str = _setting("", "Mail server that takes notices; empty means no mail.")
    smtp_port: int = _setting(587, "Port of the mail server.", least=1, most=65_535)
    smtp_security: str = _setting(
        "starttls", "How the mail server is spoken to: starttls, tls, or none for one on this machine."
    )
    smtp_user: str = _setting("", "Name at the mail server; empty means without a login.")
    smtp_password: str = _setting("", "Password at the mail server.")
    smtp_from: str = _setting("satark@localhost", "Address that notices come from.")
    smtp_from_name: str = _setting("", "Name that is shown beside the address that notices come from.")
    sms_gateway: str = _setting(
        "",
        "Gateway of SMS as an Apprise address with the place `{to}`, and `{template}`, `{entity}` and `{header}` "
        "where it takes DLT ids; empty means no SMS.",
    )
    whatsapp_gateway: str = _setting("", "The same for WhatsApp.")
    push_gateway: str = _setting("", "The same for push.")
    log_level: str = _setting("info", "Least level that is logged: debug, info, warning or error.")
    log_json: bool = _setting(
        default=True, doc="Write the log as JSON lines; false writes it for reading by eye."
    )


def load_settings(
    environment: Mapping[str, str],
    *,
    config: Path | None = None,
    options: Mapping[str, object] | None = None,
) -> Settings:
    """Build the settings.

    Parameters
    ----------
    environment
        Usually ``os.environ``; only names that start with ``SATARK_`` are looked at.
    config
        A TOML file; by default the one that ``SATARK_CONFIG`` names, if any.
    options
        What the command line says; None values are left out.

    Raises
    ------
    SettingInvalid
        An unknown name in the file, an unreadable file, or a value of the wrong type or out of bounds.

    Examples
    --------
    >>> load_settings({"SATARK_PORT": "9000"}, options={"web_port": 9001}).port
    9000
    >>> load_settings({"SATARK_PORT": "many"})
    Traceback (most recent call last):
    ...
    satark.core.errors.SettingInvalid: SATARK_PORT must be a whole number, not 'many'
    """
    fields = {field.name: field for field in dataclasses.fields(Settings)}
    values: dict[str, object] = {}
    if config is None and environment.get(CONFIG_VARIABLE):
        config = Path(environment[CONFIG_VARIABLE])
    if config is not None:
        for name, value in _read_toml(config).items():
            if name not in fields:
                raise SettingInvalid(_unknown(name, config, list(fields)), setting=name)
            values[name] = _typed(fields[name], value, f"{name} in {config}")
    for name, field in fields.items():
        text = environment.get(PREFIX + name.upper())
        if text is not None:
            values[name] = _typed(field, text, PREFIX + name.upper())
    for name, value in (options or {}).items():
        if value is not None:
            values[name] = _typed(fields[name], value, f"--{name.replace('_', '-')}")
    return Settings(**values)  # type: ignore[arg-type]


def as_environment(settings: Settings) -> dict[str, str]:
    """Return the environment from which `load_settings` builds equal settings, for a child process.

    Examples
    --------
    >>> settings = load_settings({"SATARK_PORT": "9000", "SATARK_LOG_JSON": "no"})
    >>> load_settings(as_environment(settings)) == settings
    True
    """
    return {
        PREFIX + field.name.upper(): str(getattr(settings, field.name))
        for field in dataclasses.fields(settings)
    }


def describe_settings() -> str:
    """Return the table of `docs/settings.md`."""
    lines = ["| setting | environment | default | what it decides |", "|---|---|---|---|"]
    for field in dataclasses.fields(Settings):
        default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
        shown = f"`{default}`" if default else "(empty)"
        bounds = ""
        if field.metadata["least"] is not None:
            bounds = f" From {field.metadata['least']} to {field.metadata['most']}."
        lines.append(
            f"| `{field.name}` | `{PREFIX}{field.name.upper()}` | {shown} | {field.metadata['doc']}{bounds} |"
        )
    return "\n".join(lines) + "\n"


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingInvalid(
            f"the settings file {path} cannot be read: {error.strerror}", path=str(path)
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingInvalid(f"the settings file {path} is not TOML: {error}", path=str(path)) from error


def _unknown(name: str, path: Path, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{path} has no setting named {name!r}{hint}"


def _typed(field: dataclasses.Field[Any], value: object, where: str) -> object:
    """Return the value in the setting's own type, within its bounds."""
    default: object = field.default
    kind = type(default)
    if kind is bool:
        if isinstance(value, bool):
            return value
        word = str(value).strip().lower()
        if word in _TRUE | _FALSE:
            return word in _TRUE
        raise SettingInvalid(f"{where} must be true or false, not {value!r}", setting=field.name)
    if kind is int:
        return _whole(field, value, where)
    if not isinstance(value, str | Path):
        raise SettingInvalid(f"{where} must be text, not {type(value).__name__}", setting=field.name)
    return Path(value) if issubclass(kind, Path) else str(value)


def _whole(field: dataclasses.Field[Any], value: object, where: str) -> int:
    least, most = field.metadata["least"], field.metadata["most"]
    try:
        number = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else None
    except ValueError:
        number = None
    if number is None:
        raise SettingInvalid(f"{where} must be a whole number, not {value!r}", setting=field.name)
    if not least <= number <= most:
        raise SettingInvalid(f"{where} must be from {least} to {most}, not {number}", setting=field.name)
    return number
