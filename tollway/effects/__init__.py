"""Effects: every write to a platform, recorded before it is sent and settled by reading back when no answer came.

intended ──send──► applied            the platform did it
   │               rejected           it refuses for a business reason: nothing happened
   │               throttled          it (or the way to it) is overloaded: nothing happened, repeat later
   │               unknown            sent, no answer
   └──read back──► already_applied    an earlier attempt had done it

What wants an effect may be given up; `withdraw` then sees to it that it is either undone or never comes about.
"""

from tollway.effects.effects import Effects
from tollway.effects.ledger import idempotency_key
from tollway.effects.record import Changed, EffectRecord, Observer, Outcome

__all__ = ["Changed", "EffectRecord", "Effects", "Observer", "Outcome", "idempotency_key"]
