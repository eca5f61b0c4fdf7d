"""Durable processes: functions of verbs whose every step is recorded, resumed after a crash and parked on trouble.

The only package that knows DBOS, the engine underneath.
"""

from tollway.engine.engine import Engine, Process, ProcessEvent
from tollway.engine.steps import step, together

__all__ = ["Engine", "Process", "ProcessEvent", "step", "together"]
