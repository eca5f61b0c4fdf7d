"""What the engine recorded of processes, for people to read."""

import asyncio
import datetime as dt
import re
from collections.abc import Iterator, Sequence
from typing import Any

from dbos import DBOS, StepInfo
from sqlalchemy import ColumnElement, Row, and_, or_, select

from tollway.canonical.process import (
    ProcessDetail,
    ProcessFilter,
    ProcessPage,
    ProcessState,
    ProcessStatus,
    ProcessSummary,
    StepDetail,
    StepRecord,
)
from tollway.engine.underneath import outputs, statuses, system_engine
from tollway.masking import shown
from tollway.problems import Invalid, NotFound

_STATUS = {
    "PENDING": ProcessStatus.RUNNING,
    "ENQUEUED": ProcessStatus.QUEUED,
    "DELAYED": ProcessStatus.QUEUED,
    "SUCCESS": ProcessStatus.FINISHED,
    "CANCELLED": ProcessStatus.CANCELLED,
    "ERROR": ProcessStatus.PARKED,
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": ProcessStatus.PARKED,
}
_CURSOR = re.compile(r"(\d{1,15}):(.+)", re.DOTALL)


async def status(process_id: str) -> ProcessStatus:
    """Where a process is; raises NotFound."""

    def read() -> str | None:
        with system_engine().connect() as connection:
            query = select(statuses.c.status).where(statuses.c.workflow_uuid == process_id)
            return connection.execute(query).scalar_one_or_none()

    found = await asyncio.to_thread(read)
    if found is None:
        raise NotFound(f"There is no process {process_id}.")
    return _STATUS[found]


async def unfinished(beginnings: Sequence[str]) -> list[str]:
    """The ids of processes under way that begin with one of these."""

    def read() -> list[str]:
        begun = or_(*(statuses.c.workflow_uuid.startswith(one, autoescape=True) for one in beginnings))
        under_way = statuses.c.status.in_(("PENDING", "ENQUEUED", "DELAYED"))
        with system_engine().connect() as connection:
            return list(connection.execute(select(statuses.c.workflow_uuid).where(begun & under_way)).scalars())

    return await asyncio.to_thread(read)


async def state(process_id: str) -> ProcessState:
    """How far a process got, step by step; raises NotFound."""
    row = await asyncio.to_thread(_row, process_id)
    steps = [
        StepRecord(
            number=info["function_id"],
            name=info["function_name"],
            error=str(info["error"] or ""),
            milliseconds=(info["completed_at_epoch_ms"] or 0) - (info["started_at_epoch_ms"] or 0),
        )
        for info in await DBOS.list_workflow_steps_async(process_id, load_output=False)
    ]
    return ProcessState(process_id=process_id, process=row.name, status=_STATUS[row.status], steps=steps)


async def detail(process_id: str) -> ProcessDetail:
    """Everything that is recorded of a process, secrets masked; raises NotFound."""
    row = await asyncio.to_thread(_row, process_id)
    kept = await DBOS.get_workflow_status_async(process_id)
    if kept is None:
        raise NotFound(f"There is no process {process_id}.")
    arguments = kept.input["args"] if kept.input else ()
    return ProcessDetail(
        process_id=process_id,
        process=row.name,
        status=_STATUS[row.status],
        version=row.application_version,
        worker=row.executor_id if row.status == "PENDING" else "",
        attempts=row.recovery_attempts,
        correlation_id=str(arguments[0]) if arguments else "",
        argument=shown(arguments[-1]) if arguments else "",
        result=shown(kept.output) if row.status == "SUCCESS" else "",
        error=str(kept.error or ""),
        created_at=_moment(row.created_at),
        ended_at=_moment(row.completed_at) if row.completed_at else None,
        steps=[_step(info) for info in await DBOS.list_workflow_steps_async(process_id)],
    )


async def page(wanted: ProcessFilter, beginnings: Sequence[str]) -> ProcessPage:
    """A page of processes, the latest first; raises Invalid for a cursor of no page.

    With `beginnings` only those whose ids begin so.
    """
    query = select(statuses).order_by(statuses.c.created_at.desc(), statuses.c.workflow_uuid.desc())
    query = query.where(*_matching(wanted), *([_named(beginnings)] if beginnings else []))
    if wanted.cursor:
        place = _CURSOR.fullmatch(wanted.cursor)
        if place is None:
            raise Invalid("The cursor is none that a page of processes gave.")
        created, last = int(place[1]), place[2]
        same = and_(statuses.c.created_at == created, statuses.c.workflow_uuid < last)
        query = query.where(or_(statuses.c.created_at < created, same))

    def read() -> list[Row[Any]]:
        with system_engine().connect() as connection:
            return list(connection.execute(query.limit(wanted.limit + 1)))

    rows = await asyncio.to_thread(read)
    following = rows[wanted.limit - 1] if len(rows) > wanted.limit else None
    return ProcessPage(
        items=[_summary(row) for row in rows[: wanted.limit]],
        cursor=f"{following.created_at}:{following.workflow_uuid}" if following else "",
    )


async def about(beginnings: Sequence[str]) -> list[ProcessSummary]:
    """The processes whose ids begin so, or are exactly that, the earliest first."""

    def read() -> list[Row[Any]]:
        query = select(statuses).where(_named(beginnings)).order_by(statuses.c.created_at)
        with system_engine().connect() as connection:
            return list(connection.execute(query))

    return [_summary(row) for row in await asyncio.to_thread(read)]


async def steps(process_ids: Sequence[str]) -> list[tuple[str, StepDetail]]:
    """The steps that processes took, each with its process, without what they answered."""

    def read() -> list[Row[Any]]:
        with system_engine().connect() as connection:
            return list(connection.execute(select(outputs).where(outputs.c.workflow_uuid.in_(process_ids))))

    return [(row.workflow_uuid, _bare_step(row)) for row in await asyncio.to_thread(read)]


def _matching(wanted: ProcessFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.status:
        names = [name for name, meaning in _STATUS.items() if meaning is wanted.status]
        yield statuses.c.status.in_(names)
    if wanted.process:
        yield statuses.c.name == wanted.process
    if wanted.since:
        yield statuses.c.created_at >= int(wanted.since.timestamp() * 1000)


def _named(beginnings: Sequence[str]) -> ColumnElement[bool]:
    ids = statuses.c.workflow_uuid
    return or_(*(or_(ids == one, ids.startswith(f"{one}:", autoescape=True)) for one in beginnings))


def _bare_step(row: Row[Any]) -> StepDetail:
    began, ended = row.started_at_epoch_ms, row.completed_at_epoch_ms
    return StepDetail(
        number=row.function_id,
        name=row.function_name,
        started_at=_moment(began) if began else None,
        ended_at=_moment(ended) if ended else None,
        error=row.error or "",
    )


def _row(process_id: str) -> Row[Any]:
    with system_engine().connect() as connection:
        row = connection.execute(select(statuses).where(statuses.c.workflow_uuid == process_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no process {process_id}.")
    return row


def _summary(row: Row[Any]) -> ProcessSummary:
    return ProcessSummary(
        process_id=row.workflow_uuid,
        process=row.name,
        status=_STATUS[row.status],
        created_at=_moment(row.created_at),
        ended_at=_moment(row.completed_at) if row.completed_at else None,
    )


def _step(info: StepInfo) -> StepDetail:
    began, ended = info["started_at_epoch_ms"], info["completed_at_epoch_ms"]
    return StepDetail(
        number=info["function_id"],
        name=info["function_name"],
        started_at=_moment(began) if began else None,
        ended_at=_moment(ended) if ended else None,
        output="" if info["error"] else shown(info["output"]),
        error=str(info["error"] or ""),
    )


def _moment(milliseconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
