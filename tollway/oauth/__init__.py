"""OAuth 2.0 as a resource server needs it: which tokens let their bearer in, and what a client is told otherwise."""
