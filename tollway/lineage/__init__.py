"""Lineage: for every field of every object that was written, where its value came from."""

from tollway.lineage.declared import Mapping, Rule, Source, Through
from tollway.lineage.taking import taking

__all__ = ["Mapping", "Rule", "Source", "Through", "taking"]
