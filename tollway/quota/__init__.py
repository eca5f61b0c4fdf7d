"""What a platform account allows, counted once for all who call it, and whose call is next."""

from tollway.quota.heard import Heard
from tollway.quota.quota import Quota, Turn
from tollway.quota.quotas import Quotas
from tollway.quota.settings import QuotaSettings

__all__ = ["Heard", "Quota", "QuotaSettings", "Quotas", "Turn"]
