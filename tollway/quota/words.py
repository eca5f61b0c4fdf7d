"""What the caller is told whose call was not sent."""

from math import ceil

from tollway.canonical.case import Category
from tollway.problems import ProblemError, Throttled, Unavailable
from tollway.quota.book import Gate, Standing
from tollway.quota.settings import QuotaSettings

CROWDED_SECONDS = 2.0
"""Seconds after which it is worth coming again when too many calls are under way."""
_MINUTE = 60


def refusal(platform: str, settings: QuotaSettings, standing: Standing, waited: float) -> ProblemError:
    """The problem that keeps a call of an account that stands so from being sent; nothing happened."""
    wait = max(1.0, standing.wait)
    match standing.gate:
        case Gate.FAILING:
            return Unavailable(
                f"{platform} has been failing and is left alone for {_duration(wait)}; nothing was sent.",
                retry_after=wait,
            )
        case Gate.DAILY:
            words = _daily(platform, settings, standing, wait)
            return Throttled(words, retry_after=wait, category=Category.QUOTA_EXHAUSTED)
        case Gate.PAUSED:
            return Throttled(
                f"{platform} asks to be left alone for {_duration(wait)}; nothing was sent.", retry_after=wait
            )
        case Gate.RATE:
            return Throttled(
                f"{platform} takes no more calls for {_duration(wait)}, by the rate it allows; nothing was sent.",
                retry_after=wait,
            )
    many = f"the {standing.concurrency} calls" if standing.concurrency else "the calls"
    return Throttled(
        f"{many.capitalize()} that {platform} takes at once were others' for {_duration(waited)}; nothing was sent.",
        retry_after=CROWDED_SECONDS,
    )


def state(settings: QuotaSettings, standing: Standing) -> str:
    """How an account stands, in a few words for the operations person."""
    told = []
    if standing.concurrency:
        told.append(f"{standing.running} of {standing.concurrency} calls at once")
    if standing.allowed:
        told.append(f"{standing.used:,} of {_stop(settings, standing):,} calls of 24 hours")
    return ", ".join(told)


def _daily(platform: str, settings: QuotaSettings, standing: Standing, wait: float) -> str:
    if not standing.allowed:
        taken = f"{platform} has taken all calls that it takes in 24 hours"
    elif settings.daily and standing.used < standing.allowed:
        stop = f"{_stop(settings, standing):,}"
        taken = f"{platform} has taken the {stop} of its {standing.allowed:,} calls of the last 24 hours that are ours"
    else:
        taken = f"{platform} has taken its {standing.allowed:,} calls of the last 24 hours"
    return f"{taken}; they come free again as they grow a day old, and it is tried again in {_duration(wait)}."


def _stop(settings: QuotaSettings, standing: Standing) -> int:
    return min(standing.allowed, settings.daily or standing.allowed)


def _duration(seconds: float) -> str:
    whole = ceil(round(seconds, 2))
    return f"{ceil(whole / _MINUTE)} minutes" if whole > _MINUTE else f"{whole} s"
