"""Finds what in a published contract has changed so that it breaks callers: `documents` starts, `rules` lists all."""

from tollway.contracts.changes.documents import breaking
from tollway.contracts.changes.rules import RULES, Change

__all__ = ["RULES", "Change", "breaking"]
