"""Durable processes: functions of verbs whose every step is recorded, resumed after a crash and parked on trouble.

The only package that knows DBOS, the engine underneath.
"""

from tollway.engine.engine import Engine
from tollway.engine.overlooked import Overlooked
from tollway.engine.process import Process, ProcessEvent
from tollway.engine.retention import Retention
from tollway.engine.saga import Part, Saga
from tollway.engine.steps import step, together

__all__ = ["Engine", "Overlooked", "Part", "Process", "ProcessEvent", "Retention", "Saga", "step", "together"]
