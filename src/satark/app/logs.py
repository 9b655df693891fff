"""The log: structlog to standard error, JSON lines by default, static event names, never personal data.

The standard library's loggers (uvicorn, SQLAlchemy, Alembic) come out in the same form from `warning` on.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import structlog

from satark.core.errors import SettingInvalid

if TYPE_CHECKING:
    from satark.app.settings import Settings

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure_logs(settings: Settings) -> None:
    """Set the log up for this process.

    Raises
    ------
    SettingInvalid
        `log_level` is none of the four.
    """
    level = LEVELS.get(settings.log_level.lower())
    if level is None:
        message = f"log_level must be one of {', '.join(LEVELS)}, not {settings.log_level!r}"
        raise SettingInvalid(message, setting="log_level")
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.log_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
