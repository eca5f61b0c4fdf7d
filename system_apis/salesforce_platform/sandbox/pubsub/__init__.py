"""The org's event bus: changes captured as events, kept for a while, and delivered over the Pub/Sub API."""
