"""Idempotency keys: what they are, the claims that requests have on them, and the answers that are kept for them."""
