"""Records: identity, references, sublists, filters, refusals."""

import pytest

ACME = {"companyName": "Acme Ltd", "subsidiary": {"id": "3"}, "terms": {"id": "2"}}


@pytest.fixture
async def acme(api):
    await api.put("customer/eid:ACME", **ACME)
    return await api.record("customer/eid:ACME")


async def test_an_upsert_creates_once_and_then_changes(api, acme):
    """The second PUT changes the record of the first and answers the same URL."""
    again = await api.put("customer/eid:ACME", email="post@acme.example")
    assert again.headers["location"] == f"{api.url}/services/rest/record/v1/customer/{acme['id']}"
    changed = await api.record(f"customer/{acme['id']}")
    assert (changed["companyName"], changed["email"]) == ("Acme Ltd", "post@acme.example")


async def test_external_ids_do_not_tell_upper_from_lower_case(api, acme):
    """`eid:acme` is `eid:ACME`, as the platform guide says."""
    assert (await api.record("customer/eid:acme"))["id"] == acme["id"]


async def test_an_external_id_may_hold_any_character(api):
    """Slashes, spaces and signs of an external id are escaped in the URL and come back as they were."""
    await api.put("customer/eid:A%2F1%20%2B%3A%C3%BC", companyName="Odd Ltd", subsidiary="3")
    assert (await api.record("customer/eid:a%2f1%20%2B%3A%C3%BC"))["externalId"] == "A/1 +:ü"


async def test_a_path_that_leads_nowhere_is_not_found(api):
    """Beside the services there is nothing, whatever the method."""
    assert (await api.refused("GET", "/nowhere/v1/thing", 404))[1] == "NONEXISTENT_ID"


async def test_the_account_fills_in_what_it_knows(acme):
    """Currency comes from the subsidiary, the id from the name, the credit hold is automatic."""
    assert acme["currency"]["refName"] == "British Pound"
    assert acme["entityId"] == "Acme Ltd"
    assert acme["creditHoldOverride"] == {"id": "AUTO", "refName": "Auto"}


async def test_an_external_id_is_taken_only_once(api, acme):
    """Entities share external ids, other records word the refusal differently."""
    body = {"companyName": "Another", "subsidiary": "3", "externalId": "acme"}
    refusal = await api.refused("POST", "/record/v1/customer", 400, json=body)
    assert refusal == ("Error while accessing a resource. This entity already exists.", "USER_ERROR")
    assert (await api.refused("POST", "/record/v1/job", 400, json=body))[0].endswith("This entity already exists.")
    body = {"name": "Plan", "externalId": "P-1"}
    await api("POST", "/record/v1/customrecord_tollway_billing_plan", 204, json=body)
    refusal = await api.refused("POST", "/record/v1/customrecord_tollway_billing_plan", 400, json=body)
    assert refusal == ("Error while accessing a resource. This record already exists.", "USER_ERROR")


async def test_a_customer_id_is_unique(api, acme):
    """Two customers cannot bear one id."""
    text, code = await api.refused("POST", "/record/v1/customer", 400, json=ACME)
    assert "A customer record with this ID already exists." in text
    assert code == "USER_ERROR"


async def test_a_reference_must_lead_somewhere(api):
    """The error names value, field and path."""
    body = {"companyName": "Acme", "subsidiary": {"id": "99"}}
    response = await api("POST", "/record/v1/customer", 400, json=body)
    error = response.json()["o:errorDetails"][0]
    assert "You have entered an Invalid Field Value 99 for the following field: subsidiary" in error["detail"]
    assert (error["o:errorCode"], error["o:errorPath"]) == ("INVALID_CONTENT", "subsidiary")


async def test_unknown_properties_are_refused_only_when_asked(api):
    """X-NetSuite-PropertyNameValidation: Error refuses what the default leaves out."""
    body = ACME | {"nonsense": True}
    strict = {"X-NetSuite-PropertyNameValidation": "Error"}
    assert (await api.refused("POST", "/record/v1/customer", 400, json=body, headers=strict))[1] == "INVALID_CONTENT"
    await api("POST", "/record/v1/customer", 204, json=body)


async def test_unfit_values_can_be_left_out(api):
    """X-NetSuite-PropertyValueValidation: Ignore drops what the default refuses."""
    body = ACME | {"creditLimit": "much"}
    assert (await api.refused("POST", "/record/v1/customer", 400, json=body))[1] == "INVALID_CONTENT"
    lenient = {"X-NetSuite-PropertyValueValidation": "Ignore"}
    await api("POST", "/record/v1/customer", 204, json=body, headers=lenient)


async def test_missing_records_and_types_are_told_apart(api, acme):
    """A missing id, a missing external id, an unknown type, and an id of another transaction type."""
    assert (await api.refused("GET", "/record/v1/customer/99", 404))[1] == "NONEXISTENT_ID"
    text, _ = await api.refused("GET", "/record/v1/customer/eid:NOBODY", 404)
    assert text == "The record instance for external ID 'NOBODY' does not exist. Provide a valid record instance ID."
    assert (await api.refused("GET", "/record/v1/nothing", 404))[0] == "Record type 'nothing' does not exist"
    line = {"item": {"id": "1"}, "amount": 10}
    await api("POST", "/record/v1/invoice", 204, json={"entity": acme["id"], "item": {"items": [line]}})
    text, _ = await api.refused("GET", "/record/v1/creditMemo/1", 400)
    assert text.endswith("Transaction type specified is incorrect.")


async def test_sublists_are_links_until_expanded(api, acme):
    """expandSubResources opens sublists and their subrecords; `fields` narrows the answer."""
    address = {"label": "HQ", "addressBookAddress": {"city": "London", "country": "GB"}}
    await api.put("customer/eid:ACME", addressBook={"items": [address]})
    closed = await api.record("customer/eid:ACME")
    assert set(closed["addressBook"]) == {"links"}
    opened = await api.record("customer/eid:ACME", expandSubResources="true")
    assert opened["addressBook"]["items"][0]["addressBookAddress"]["city"] == "London"
    narrowed = await api.record("customer/eid:ACME", fields="companyName,balance")
    assert set(narrowed) == {"links", "id", "externalId", "refName", "companyName", "balance"}


async def test_lines_are_added_changed_or_replaced(api, acme):
    """A PATCH adds lines and changes those whose number it names; `replace` starts the sublist anew."""
    lines = [{"item": "1", "quantity": 2, "rate": 50}, {"item": "2", "amount": 10}]
    await api.put("invoice/eid:I-1", entity=acme["id"], item={"items": lines})
    await api("PATCH", "/record/v1/invoice/eid:I-1", 204, json={"item": {"items": [{"line": 1, "quantity": 3}]}})
    items = (await api.record("invoice/eid:I-1", expandSubResources="true"))["item"]["items"]
    assert [(item["line"], item["amount"]) for item in items] == [(1, 150.0), (2, 10.0)]
    only = {"item": {"items": [{"item": "2", "amount": 7}]}}
    await api("PATCH", "/record/v1/invoice/eid:I-1", 204, json=only, params={"replace": "item"})
    assert (await api.record("invoice/eid:I-1/item"))["totalResults"] == 1
    assert (await api.record("invoice/eid:I-1"))["subtotal"] == 7.0


async def test_a_needed_record_is_not_deleted(api, acme):
    """A customer with a project stays; without it goes, and frees its external id."""
    await api.put("job/eid:J-1", companyName="Work", parent={"externalId": "ACME"})
    text, _ = await api.refused("DELETE", "/record/v1/customer/eid:ACME", 400)
    assert text.endswith("This record cannot be deleted because it has dependent records.")
    await api("DELETE", "/record/v1/job/eid:J-1", 204)
    await api("DELETE", "/record/v1/customer/eid:ACME", 204)
    await api.put("customer/eid:ACME", **ACME)


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ('companyName START_WITH "Acme"', 1),
        ('companyName CONTAIN "ltd" AND isPerson IS false', 1),
        ("creditLimit GREATER_OR_EQUAL 600 OR creditLimit EMPTY", 2),
        ("creditLimit BETWEEN [500, 900]", 1),
        ("subsidiary ANY_OF [2, 3]", 2),
        ('externalId IS "ACME"', 1),
        ('dateCreated ON_OR_AFTER "1/1/2020" AND (id EQUAL 1 OR id EQUAL_NOT 1)', 2),
        ('dateCreated BEFORE "1/1/2020"', 0),
    ],
)
async def test_collections_are_filtered(api, acme, condition, count):
    """The documented operators, joined and nested."""
    await api.put("customer/eid:B", companyName="Beta Inc", subsidiary="2", creditLimit=600)
    assert (await api.record("customer", q=condition))["totalResults"] == count


@pytest.mark.parametrize("condition", ["nonsense IS 1", "email GREATER 1", "email IS", 'id EQUAL "x"', "(id EQUAL 1"])
async def test_bad_filters_are_refused(api, acme, condition):
    """A filter that cannot be run names `q`."""
    text, code = await api.refused("GET", "/record/v1/customer", 400, params={"q": condition})
    assert text.startswith("Invalid search query.")
    assert code == "INVALID_PARAMETER"


async def test_references_can_be_followed(api, acme):
    """A select field is a resource below its record."""
    assert (await api.record("customer/eid:ACME/terms"))["daysUntilNetDue"] == 30
