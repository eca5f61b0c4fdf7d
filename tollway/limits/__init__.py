"""How much callers may ask for: plans, rate limits and caps of requests in flight, and where they are counted."""
