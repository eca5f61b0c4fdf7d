"""`make bench-engine`: what durable processes cost beside the engine underneath, and what must not grow."""
