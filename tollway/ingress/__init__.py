"""Notices from platforms: stored before they are acknowledged, each taken once, in order per business object."""
