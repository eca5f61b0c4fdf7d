"""The audit of unsafe calls: who asked for what, when, and what came of it."""
