"""What giving a process up means for what it did, by what kind of process it is, and who decides on it."""

import contextlib

from tollway.canonical.case import OwnerRole
from tollway.canonical.process import ProcessState, ProcessStatus
from tollway.effects import Effects
from tollway.engine import Engine
from tollway.ports.activation import Activation
from tollway.ports.invoicing import Invoicing
from tollway.problems import Conflict, NotFound

ONBOARDING, ACTIVATION, BILLING = "customer-onboarding", "project-activation", "invoice-generation"
OF_A_DEAL = (ONBOARDING, ACTIVATION)
"""Processes that read a deal: its fields can be edited for them, and cancelling them takes the activation back."""
ACTIVATION_UNDONE, BILLING_UNDONE = "activation-cancellation", "invoice-cancellation"
OWNERS = {
    ONBOARDING: OwnerRole.SALES_OPERATIONS,
    ACTIVATION: OwnerRole.DELIVERY,
    ACTIVATION_UNDONE: OwnerRole.DELIVERY,
    BILLING: OwnerRole.FINANCE_OPERATIONS,
    BILLING_UNDONE: OwnerRole.FINANCE_OPERATIONS,
    "collections": OwnerRole.FINANCE_OPERATIONS,
}
"""Who decides on a process that waits on no case."""


def owner(process: str) -> OwnerRole:
    """Whose a process is while nothing is wrong with it."""
    return OWNERS.get(process, OwnerRole.INTEGRATION)


def undoes(process: str) -> bool:
    """Whether this is a kind of process that undoes what another did."""
    return process in (ACTIVATION_UNDONE, BILLING_UNDONE)


def require_no_undoing(process: str, process_id: str) -> None:
    """Raise Conflict for a process that undoes what another did: given up, it would never be undone."""
    if undoes(process):
        raise Conflict(f"Process {process_id} undoes what another did; it is not cancelled but retried.")


class Undoing:
    """Gives processes up and undoes what they did."""

    def __init__(self, engine: Engine, effects: Effects, activation: Activation, invoicing: Invoicing) -> None:
        self._engine = engine
        self._effects = effects
        self._activation = activation
        self._invoicing = invoicing

    async def undo(self, process: str, process_id: str, deal_id: str) -> None:
        """Have a process begin nothing more, and undo what it did; raises Conflict where that cannot be."""
        if process == BILLING:
            await self._invoicing.give_up(process_id)
            return
        if process != ACTIVATION:  # that is given up by whoever takes it back
            await self._engine.give_up(process, process_id)
        if process in OF_A_DEAL:
            await self._activation.cancel(deal_id)

    def require_undoable(self, state: ProcessState) -> None:
        """Raise Conflict for a process of which nothing is left to stop or to undo."""
        require_no_undoing(state.process, state.process_id)
        if state.status is ProcessStatus.FINISHED and state.process not in (*OF_A_DEAL, BILLING):
            raise Conflict(f"Process {state.process_id} has finished, and nothing of what it did needs undoing.")

    async def require_standing(self, state: ProcessState) -> None:
        """Raise Conflict for a process that is undone or was given up: it cannot run again."""
        if state.status is ProcessStatus.CANCELLED or await self._is_undone(state):
            raise Conflict(
                f"Process {state.process_id} was given up, and what it did is undone: it cannot run again. A deal that "
                "is to go on after all is won anew; work is billed by a new billing run."
            )

    async def _is_undone(self, state: ProcessState) -> bool:
        for process_id in await self._undone_by(state):
            with contextlib.suppress(NotFound):
                await self._engine.state(process_id)
                return True
        return False

    async def _undone_by(self, state: ProcessState) -> list[str]:
        """The processes by which it would be undone."""
        if state.process in OF_A_DEAL:
            return [f"{ACTIVATION_UNDONE}:{subject_of(state)}"]
        if state.process != BILLING:
            return []
        identities = [effect.identity for effect in await self._effects.of_process(state.process_id)]
        made = [identity.removeprefix("invoice:") for identity in identities if identity.startswith("invoice:")]
        number = subject_of(state).partition(":")[0]
        return [f"{BILLING_UNDONE}:{number}:{reference}" for reference in made]


def subject_of(state: ProcessState) -> str:
    """What follows the name in a process's id; of those that are about a deal, its id."""
    return state.process_id.removeprefix(f"{state.process}:")
