"""The log of this process, for people or for machines."""

import logging
import sys
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from tollway import context

Form = Literal["people", "machines"]
WORDY = ("httpx", "httpcore", "alembic.runtime.plugins")
"""Loggers of no use to anybody; the first two would tell the address of every call, with names of customers in it."""


def configure_logging(form: Form) -> None:
    """Log warnings in words beside a screen for `people`; everything as a JSON line on stdout for `machines`."""
    for name in WORDY:
        logging.getLogger(name).setLevel(logging.WARNING)
    if form == "people":
        logging.basicConfig(level=logging.WARNING)
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
        return
    known: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request,
        structlog.processors.format_exc_info,  # the lines of the source, never the values in them
    ]
    structlog.configure(
        processors=[*known, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    final: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.JSONRenderer(),
    ]
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=final, foreign_pre_chain=known))
    # The engine's library writes to the screen by itself unless its logger has a handler.
    logging.getLogger("dbos").addHandler(logging.NullHandler())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def _add_request(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Name the request, and the durable process, for which this happens."""
    request = context.entered()
    if request:
        event["correlation_id"] = request.correlation_id
        if request.process_id:
            event["process_id"] = request.process_id
    return event
