"""The desk of cases: work that waits for a person, whose it is, and everything that was done about it."""

from tollway.cases.cases import Cases

__all__ = ["Cases"]
