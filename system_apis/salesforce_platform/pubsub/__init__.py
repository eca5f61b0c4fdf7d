"""The org's event bus: change events as they happen, over the Pub/Sub API."""

import os

# What gRPC cannot do is raised; what it prints beside that is in no form of ours.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
