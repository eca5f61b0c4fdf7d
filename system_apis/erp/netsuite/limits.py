"""What NetSuite's answers tell of the account's limits.

Sources: NetSuite Help, "Web Services and RESTlet Concurrency Governance", "GovernanceLimits Operation". The number of
calls at once is the account's, for all its integrations together; an administrator may set a part of it aside for one.
"""

import httpx
import msgspec

from system_apis.erp.netsuite.errors import CROWDED_SECONDS, is_crowded
from tollway.http.platforms import retry_after
from tollway.quota import Heard
from tollway.quota.heard import heard as by_common_headers

PATH = "/services/rest/system/v1/governanceLimits"
"""Answers to an administrator's role only."""


class _Governance(msgspec.Struct, frozen=True, rename="camel"):
    account_unallocated_concurrency_limit: int
    integration_concurrency_limit: int | None = None


def heard(answer: httpx.Response) -> Heard:
    """What an answer tells the quota."""
    told = by_common_headers(answer)
    if not answer.is_error or not is_crowded(answer):
        return told
    return msgspec.structs.replace(told, pause=retry_after(answer, CROWDED_SECONDS))


def governance(answer: httpx.Response) -> Heard:
    """The calls at once of this integration, or of all that have no part of their own; nothing from a refusal."""
    if answer.status_code != httpx.codes.OK:
        return Heard()
    try:
        told = msgspec.json.decode(answer.content, type=_Governance)
    except msgspec.MsgspecError:
        return Heard()
    return Heard(concurrency=told.integration_concurrency_limit or told.account_unallocated_concurrency_limit)
