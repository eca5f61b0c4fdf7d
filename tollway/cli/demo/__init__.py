"""`tollway demo`."""
