"""What our codes stand for in the account of one connection."""

from collections.abc import Mapping

from system_apis.erp.netsuite.client import NetSuiteClient
from system_apis.erp.netsuite.settings import Subsidiary
from tollway.canonical.case import Category
from tollway.problems import Rejected


class Account:
    """Looks codes up in the settings; one that is missing is a refusal that names the setting to add it to."""

    def __init__(self, client: NetSuiteClient) -> None:
        self.client = client
        self._settings = client.settings
        self._where = f"connections.{client.name}"

    def subsidiary(self, legal_entity: str) -> Subsidiary:
        """The subsidiary of a legal entity."""
        found = self._settings.legal_entities.get(legal_entity)
        if found is None:
            raise Rejected(
                f"NetSuite has no subsidiary for legal entity {legal_entity}; "
                f"name one in the setting {self._where}.legal_entities.{legal_entity}.",
                category=Category.UNMAPPED_LEGAL_ENTITY,
            )
        return found

    def terms(self, payment_days: int) -> str:
        """The payment terms of so many days."""
        return self._lookup(
            "terms", {str(days): term for days, term in self._settings.terms.items()}, str(payment_days)
        )

    def items(self, kinds: set[str]) -> dict[str, str]:
        """The service item of each kind of line."""
        return {kind: self._lookup("items", self._settings.items, kind) for kind in kinds}

    def department(self, cost_centre: str) -> str:
        """The department of a cost centre; empty when the account books none, or there is no cost centre."""
        return self._dimension("departments", self._settings.departments, cost_centre)

    def class_(self, service_line: str) -> str:
        """The class of a service line; empty when the account books none, or there is no service line."""
        return self._dimension("classes", self._settings.classes, service_line)

    def _dimension(self, table: str, ids: Mapping[str, str], code: str) -> str:
        return self._lookup(table, ids, code) if ids and code else ""

    def _lookup(self, table: str, ids: Mapping[str, str], code: str) -> str:
        if code not in ids:
            raise Rejected(
                f"Nobody told what {code} is in NetSuite; name it in the setting {self._where}.{table}.{code}.",
                category=Category.PLATFORM_REFUSED,
            )
        return ids[code]
