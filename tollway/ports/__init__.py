"""What a process needs of the other layers, in canonical terms: one protocol per domain.

Every write pairs with a `find_…` that searches the platform itself by canonical identity. Writes raise the problems
of `tollway.problems`: Rejected, Throttled, Unavailable (nothing happened) and UnknownOutcome (it may have happened).
"""
