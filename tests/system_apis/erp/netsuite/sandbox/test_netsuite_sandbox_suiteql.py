"""SuiteQL: its dialect, its answers, its refusals."""

import datetime as dt

import pytest


@pytest.fixture
async def ledger(api):
    customer = {"vatRegNumber": "GB1", "creditLimit": 500, "custentity_tollway_account_id": "001A"}
    await api.put("customer/eid:ACME", companyName="Acme Ltd", subsidiary="3", terms="2", **customer)
    await api.put("job/eid:WORK", companyName="Work", parent={"externalId": "ACME"})
    line = {"item": "1", "quantity": 2, "rate": 50, "custcol_tollway_source_id": "S-1", "department": {"id": "1"}}
    body = {"entity": {"externalId": "WORK"}, "tranDate": "2026-01-31", "item": {"items": [line]}}
    await api.put("invoice/eid:I-1", **body, custbody_tollway_reference="R-1")


@pytest.mark.parametrize(
    "condition",
    [
        "externalid = 'ACME'",
        "companyname LIKE 'Acme%'",
        "vatregnumber = 'GB1'",
        "custentity_tollway_account_id = '001A'",
    ],
)
async def test_a_customer_is_found_by_any_mark(api, ledger, condition):
    """External id, name, tax number and the custom account id; with credit and balances in the same row."""
    rows = await api.query(
        "SELECT c.id, c.creditlimit, c.creditholdoverride, c.balancesearch, c.overduebalancesearch, "
        "BUILTIN.DF(c.terms) AS terms, s.subsidiary FROM customer c "
        f"JOIN customersubsidiaryrelationship s ON s.entity = c.id AND s.isprimarysub = 'T' WHERE c.{condition}"
    )
    assert rows == [
        {
            "links": [],
            "id": "1",
            "creditlimit": "500",
            "creditholdoverride": "AUTO",
            "balancesearch": "120",
            "overduebalancesearch": "120",
            "terms": "Net 30",
            "subsidiary": "3",
        }
    ]


async def test_values_are_strings_and_empty_columns_left_out(api, ledger):
    """Dates come in the account's format, displayed texts through BUILTIN.DF."""
    rows = await api.query(
        "SELECT tranid, trandate, foreigntotal, memo, BUILTIN.DF(status) AS shown, "
        "BUILTIN.DF(Transaction.entity) AS who FROM Transaction "
        "WHERE type = 'CustInvc' AND custbody_tollway_reference = 'R-1'"
    )
    assert rows == [
        {
            "links": [],
            "tranid": "INV1001",
            "trandate": "1/31/2026",
            "foreigntotal": "120",
            "shown": "Invoice : Open",
            "who": "Work",
        }
    ]


async def test_lines_of_a_sale_are_credits(api, ledger):
    """The main line is positive, item and tax lines negative, and they add up to nothing."""
    rows = await api.query(
        "SELECT tl.mainline, tl.taxline, tl.foreignamount, tl.quantity, BUILTIN.DF(tl.department) AS department "
        "FROM transaction t INNER JOIN transactionline tl ON tl.transaction = t.id ORDER BY tl.id"
    )
    assert [row["foreignamount"] for row in rows] == ["120", "-100", "-20"]
    assert rows[1] | {"links": []} == rows[1]
    assert (rows[1]["quantity"], rows[1]["department"]) == ("-2", "ADV Advisory")


async def test_changes_are_listed_behind_a_cursor(api, ledger, clock):
    """By last modification and id; a payment changes the invoice it settles."""
    cursor = (
        "SELECT id, TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS changed FROM transaction "
        "WHERE type = 'CustInvc' AND (lastmodifieddate > TO_DATE('{0}', 'YYYY-MM-DD HH24:MI:SS') "
        "OR (lastmodifieddate = TO_DATE('{0}', 'YYYY-MM-DD HH24:MI:SS') AND id > {1})) ORDER BY lastmodifieddate, id"
    )
    first = await api.query(cursor.format("2020-01-01 00:00:00", 0))
    assert await api.query(cursor.format(first[0]["changed"], first[0]["id"])) == []
    clock.shift = dt.timedelta(minutes=1)
    await api("POST", "/record/v1/invoice/eid:I-1/!transform/customerPayment", 204)
    assert len(await api.query(cursor.format(first[0]["changed"], first[0]["id"]))) == 1
    links = await api.query("SELECT previousdoc, nexttype, linktype, foreignamount FROM NextTransactionLineLink")
    assert links == [
        {"links": [], "previousdoc": "1", "nexttype": "CustPymt", "linktype": "Payment", "foreignamount": "120"}
    ]


async def test_a_deleted_record_leaves_the_tables(api, ledger):
    """So do its lines."""
    await api("DELETE", "/record/v1/invoice/eid:I-1", 204)
    assert await api.query("SELECT COUNT(*) FROM transactionline") == [{"links": [], "expr1": "0"}]


async def test_the_dialect_is_oracles(api, ledger):
    """NVL, DECODE, NVL2, ADD_MONTHS, LAST_DAY, TOP, ROWNUM, FETCH, || and dates written in the account's format."""
    rows = await api.query(
        "SELECT NVL(phone, 'none') AS phone, DECODE(creditholdoverride, 'AUTO', 1, 2) AS hold, "
        "NVL2(email, 'y', 'n') AS mail, 'C' || id AS mark FROM customer WHERE datecreated >= '01/01/2019'"
    )
    assert rows == [{"links": [], "phone": "none", "hold": "1", "mail": "n", "mark": "C1"}]
    assert len(await api.query("SELECT TOP 2 id FROM currency")) == 2
    months = "ADD_MONTHS(TO_DATE('1/31/2026'), 1) AS next, LAST_DAY(TO_DATE('2/5/2028')) AS last"
    assert await api.query(f"SELECT {months} FROM currency WHERE id = 1") == [
        {"links": [], "next": "2/28/2026", "last": "2/29/2028"}
    ]
    assert len(await api.query("SELECT * FROM (SELECT id FROM currency ORDER BY id DESC) WHERE ROWNUM <= 1")) == 1
    last = "SELECT id FROM currency ORDER BY id OFFSET 2 ROWS FETCH NEXT 5 ROWS ONLY"
    assert [row["id"] for row in await api.query(last)] == ["3"]


async def test_pages_link_to_their_neighbours(api):
    """links, count, hasMore, offset and totalResults of a page in the middle."""
    headers, body = {"prefer": "transient"}, {"q": "SELECT id FROM accountingperiod ORDER BY id"}
    call = await api("POST", "/query/v1/suiteql", 200, json=body, headers=headers, params={"limit": 10, "offset": 10})
    page = call.json()
    assert (page["count"], page["hasMore"], page["offset"], page["totalResults"]) == (10, True, 10, 84)
    assert [link["rel"] for link in page["links"]] == ["first", "previous", "next", "last", "self"]
    assert page["links"][2]["href"].endswith("/services/rest/query/v1/suiteql?limit=10&offset=20")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("SELECT nonsuch FROM customer", "Search error occurred: Unknown identifier 'nonsuch'."),
        ("SELECT id FROM nonsuch", "Invalid search type: nonsuch."),
        ("SELECT id FROM customer LIMIT 1", "Invalid or unsupported search."),
        ("SELECT strftime('%Y', datecreated) FROM customer", "Invalid or unsupported search."),
        ("SELECT name FROM sqlite_master", "Invalid or unsupported search."),
        ("DELETE FROM customer", "Invalid or unsupported search."),
        ("SELECT id FROM customer WHERE (", "Invalid or unsupported search."),
        ("SELECT id FROM customer) ", "Invalid or unsupported search."),
        ("SELECT id FROM customer WHERE ROWNUM <= 1 ORDER BY id", "Invalid or unsupported search."),
    ],
)
async def test_what_suiteql_does_not_run_is_refused(api, query, text):
    """Unknown columns and tables by name, everything else as unsupported."""
    found, code = await api.query(query, status=400)
    assert found.startswith("Invalid search query. Detailed unprocessed description follows. ")
    assert text in found
    assert code == "INVALID_PARAMETER"


async def test_a_query_must_be_transient(api):
    """Without `Prefer: transient` a query is not run; with more than `q` its body is refused."""
    assert (await api.refused("POST", "/query/v1/suiteql", 400, json={"q": "SELECT 1"}))[1] == "INVALID_HEADER"
    headers = {"prefer": "transient"}
    body = {"q": "SELECT id FROM customer", "p": []}
    assert (await api.refused("POST", "/query/v1/suiteql", 400, json=body, headers=headers))[1] == "INVALID_CONTENT"
    call = {"json": {"q": "SELECT id FROM customer"}, "headers": headers, "params": {"limit": 1001}}
    assert (await api.refused("POST", "/query/v1/suiteql", 400, **call))[1] == "INVALID_PARAMETER"


async def test_custom_records_are_tables(api, ledger):
    """Billing plan and revenue schedule can be written and queried."""
    plan = {"name": "P", "custrecord_tollway_bp_job": {"externalId": "WORK"}, "custrecord_tollway_bp_amount": 10.5}
    await api.put("customrecord_tollway_billing_plan/eid:BP-1", **plan, custrecord_tollway_bp_date="2026-02-01")
    rows = await api.query(
        "SELECT externalid, custrecord_tollway_bp_job, custrecord_tollway_bp_amount, custrecord_tollway_bp_date "
        "FROM customrecord_tollway_billing_plan"
    )
    assert [*rows[0].values()][1:] == ["BP-1", "2", "10.5", "2/1/2026"]
