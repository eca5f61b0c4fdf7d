"""The only HTTP clients: `services` between our own services, `platforms` to the systems outside."""
