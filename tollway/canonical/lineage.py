"""Lineage: where each field of an object that Tollway wrote came from."""

from tollway.canonical.record import FreeText, LongText, Many, Record, Text, Timestamp


class Origin(Record):
    """A field of a record that a value was taken from, or made of."""

    system: Text
    """The domain whose platform has the record: `crm`, `psa`, `erp`; `tollway` for a setting of ours."""
    record: Text
    """What kind of record it is: `deal`, `account`, `billable_item` …"""
    id: FreeText = ""
    """The record's id there; empty where it is not known any more."""
    field: FreeText = ""
    """The field, in canonical terms: `rates/0/hourly`."""
    value: LongText = ""
    """What it held then; empty where that was not kept."""
    through: FreeText = ""
    """The object of ours that carried it on, and the field there; empty where it was taken directly."""
    person: FreeText = ""
    """Who set it in the place of what the record held; empty unless somebody did."""
    case_id: FreeText = ""
    """The case in which the person did."""


class WrittenField(Record):
    """A field that was written, and what its value was made of."""

    path: FreeText
    """Where it is in the object: `lines/0/amount`; empty for the object as a whole."""
    value: LongText
    how: FreeText = ""
    """How the value follows from its origins, or why it has none; empty where it was taken as it is."""
    origins: Many[Origin] = []


class Writing(Record):
    """One write to a platform."""

    effect: FreeText
    """The business identity of the write."""
    object_type: Text
    object_id: FreeText
    system: FreeText = ""
    """The domain whose platform it was written to."""
    platform_id: FreeText = ""
    number: FreeText = ""
    """The number that people quote."""
    deal_id: FreeText = ""
    process_id: FreeText = ""
    step: FreeText = ""
    mapping: FreeText = ""
    """The function that made what was written."""
    correlation_id: FreeText = ""
    written_at: Timestamp
    fields: Many[WrittenField] = []


class Lineage(Record):
    """Everything that Tollway wrote to an object, the earliest first."""

    object_type: Text
    object_id: FreeText
    """What was asked for: our identity of the object, the platform's, or its number."""
    writings: Many[Writing]
