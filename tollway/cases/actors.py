"""Who acts on a case, and on whose desks."""

import msgspec
from sqlalchemy import ColumnElement, or_, true

from tollway import context
from tollway.canonical.case import Case, OwnerRole
from tollway.problems import Forbidden
from tollway.storage.tables import cases

PREFIX = "operations:"
"""Begins the scope by which an access token grants a role: `operations:finance_operations`."""


class Actor(msgspec.Struct, frozen=True):
    """Somebody at the desk."""

    name: str
    roles: frozenset[OwnerRole]

    def require(self, case: Case) -> None:
        """Raise Forbidden unless the case is on a desk of the actor's."""
        wanted = {case.owner_role, case.escalated_to, OwnerRole.OPERATIONS_LEAD}
        if not wanted & self.roles:
            desk = case.owner_role.replace("_", " ")
            raise Forbidden(
                f"Case {case.id} is on the desk of {desk}; acting on it takes the scope {PREFIX}{case.owner_role}."
            )

    def require_role(self, role: OwnerRole, what: str) -> None:
        """Raise Forbidden unless the actor has a role, or leads them all."""
        if not {role, OwnerRole.OPERATIONS_LEAD} & self.roles:
            desk = role.replace("_", " ")
            raise Forbidden(f"{what} is a matter of {desk}; acting on it takes the scope {PREFIX}{role}.")

    def desks(self) -> ColumnElement[bool]:
        """The condition on a case's row that it is on a desk of the actor's."""
        if OwnerRole.OPERATIONS_LEAD in self.roles:
            return true()
        roles = sorted(self.roles)
        return or_(cases.c.owner_role.in_(roles), cases.c.escalated_to.in_(roles))


def actor() -> Actor:
    """Whoever the request being served is for, with the roles that the access token grants."""
    request = context.current()
    roles = frozenset(role for role in OwnerRole if PREFIX + role in request.scopes)
    return Actor(request.subject or "operations", roles)
