"""`make bench-gateway`: the gateway against the proxies people would pick, in front of the same service."""
