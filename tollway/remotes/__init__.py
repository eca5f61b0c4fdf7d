"""The HTTP clients of the ports: a port as any layer reaches it, in this process or over the network."""
