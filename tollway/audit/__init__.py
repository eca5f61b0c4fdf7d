"""The audit: who asked for what, who did what, when, and what came of it, in a chain that shows every change."""
