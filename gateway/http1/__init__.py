"""The gateway's own HTTP/1.1 server: every request of every caller comes this way, so it costs as little as it can."""
