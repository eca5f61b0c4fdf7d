"""What an sObject and its fields are, in the words of the REST API's describe answer."""

from functools import cached_property

import msgspec

NUMERIC = frozenset({"double", "currency", "percent", "int"})
TEXTUAL = frozenset({"string", "textarea", "phone", "email", "url", "picklist", "multipicklist"})


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field of an sObject."""

    name: str
    label: str
    type: str
    """A type of the describe answer: string, textarea, double, currency, reference, id, ..."""
    length: int = 0
    precision: int = 0
    scale: int = 0
    required: bool = False
    unique: bool = False
    external: bool = False
    """Whether it is an external id."""
    idlookup: bool = False
    """Whether a record can be found by it."""
    createable: bool = True
    updateable: bool = True
    restricted: bool = False
    """Whether a picklist refuses values that it does not list."""
    values: tuple[str, ...] = ()
    default: str | bool | None = None
    targets: tuple[str, ...] = ()
    relationship: str | None = None
    """The name by which SOQL reaches the parent."""
    children: str | None = None
    """The name by which SOQL reaches these records from the parent."""
    cascade: bool = False
    """Whether deleting the parent deletes this record."""

    @property
    def custom(self) -> bool:
        """Whether the name has the suffix of custom fields."""
        return self.name.endswith("__c")

    @property
    def indexed(self) -> bool:
        """Whether records are found by it without a scan."""
        return self.unique or self.external or self.idlookup or self.type == "reference"


class SObjectType(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One sObject and its fields by name."""

    name: str
    label: str
    plural: str
    prefix: str
    fields: dict[str, Field]
    fixed: bool = False
    """Whether its records come with the org, so that nobody creates or deletes one."""

    @property
    def custom(self) -> bool:
        """Whether the name has the suffix of custom objects."""
        return self.name.endswith("__c")

    @cached_property
    def _by_lower_name(self) -> dict[str, Field]:
        return {name.lower(): field for name, field in self.fields.items()}

    @cached_property
    def _by_relationship(self) -> dict[str, Field]:
        return {field.relationship.lower(): field for field in self.fields.values() if field.relationship}

    def field(self, name: str) -> Field | None:
        """The field of that name in any case."""
        return self.fields.get(name) or self._by_lower_name.get(name.lower())

    def parent(self, relationship: str) -> Field | None:
        """The lookup that reaches a parent under that relationship name, in any case."""
        return self._by_relationship.get(relationship.lower())


class Child(msgspec.Struct, frozen=True):
    """A lookup seen from its parent."""

    sobject: str
    field: Field


class Schema(msgspec.Struct, frozen=True, dict=True):
    """Every sObject of the org by name."""

    types: dict[str, SObjectType]

    @cached_property
    def _by_lower_name(self) -> dict[str, SObjectType]:
        return {name.lower(): sobject for name, sobject in self.types.items()}

    @cached_property
    def by_prefix(self) -> dict[str, SObjectType]:
        """Every sObject by the three characters its ids begin with."""
        return {sobject.prefix: sobject for sobject in self.types.values()}

    @cached_property
    def _children(self) -> dict[str, list[Child]]:
        children: dict[str, list[Child]] = {name: [] for name in self.types}
        for sobject in self.types.values():
            for field in sobject.fields.values():
                for target in field.targets:
                    children[target].append(Child(sobject.name, field))
        return children

    def type(self, name: str) -> SObjectType | None:
        """The sObject of that name in any case."""
        return self.types.get(name) or self._by_lower_name.get(name.lower())

    def children(self, parent: str) -> list[Child]:
        """Every lookup that points at `parent`."""
        return self._children[parent]

    def child(self, parent: str, relationship: str) -> Child | None:
        """The lookup whose child relationship name on `parent` is that, in any case."""
        wanted = relationship.lower()
        for child in self._children[parent]:
            if child.field.children and child.field.children.lower() == wanted:
                return child
        return None
