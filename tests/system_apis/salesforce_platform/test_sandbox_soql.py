"""The query language, from its grammar to its rows, without a socket."""

import datetime as dt

import pytest

from system_apis.salesforce_platform.sandbox import records
from system_apis.salesforce_platform.sandbox.errors import ApiError
from system_apis.salesforce_platform.sandbox.org import Org
from system_apis.salesforce_platform.sandbox.seed import seed
from system_apis.salesforce_platform.sandbox.soql import parse, run_query
from system_apis.salesforce_platform.sandbox.soql.dates import date_range
from tollway.sandboxes import State

NOW = dt.datetime(2026, 11, 18, 12, tzinfo=dt.UTC)
DEALS = [
    {"Name": "Alpha", "Amount": 100, "StageName": "Closed Won", "CloseDate": "2026-11-18", "Type": "New Customer"},
    {"Name": "beta", "Amount": 300, "StageName": "Prospecting", "CloseDate": "2026-12-01", "CurrencyIsoCode": "EUR"},
    {"Name": "O'Hara_1", "StageName": "Prospecting", "CloseDate": "2026-10-31", "Type": "New Customer"},
]


@pytest.fixture(scope="module")
def org():
    org = Org(State(), lambda: NOW)
    seed(org, "admin")
    account, opportunity = org.schema.types["Account"], org.schema.types["Opportunity"]
    group = records.create(org, account, {"Name": "Group"})
    acme = records.create(org, account, {"Name": "Acme", "ParentId": group})
    for index, deal in enumerate(DEALS):
        identifier = records.create(org, opportunity, deal | ({"AccountId": acme} if index < 2 else {}))
        if index == 0:
            for amount in (10, 20):
                fields = {"Name": f"M{amount}", "Opportunity__c": identifier, "Amount__c": amount}
                records.create(org, org.schema.types["Tollway_Deal_Milestone__c"], fields)
    return org


def rows(org, soql):
    result = run_query(org, parse(soql), "60.0")
    return [{name: value for name, value in result.render(row).items() if name != "attributes"} for row in result.rows]


def names(org, condition):
    return [row["Name"] for row in rows(org, f"SELECT Name FROM Opportunity WHERE {condition} ORDER BY Name")]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("Name = 'ALPHA'", ["Alpha"]),
        ("Name != 'alpha'", ["beta", "O'Hara_1"]),
        ("Name = 'O\\'Hara_1'", ["O'Hara_1"]),
        ("Name LIKE '%a%'", ["Alpha", "beta", "O'Hara_1"]),
        ("Name LIKE 'b_ta'", ["beta"]),
        ("Name LIKE '%\\_1'", ["O'Hara_1"]),
        ("Amount >= 100 AND Amount < 300", ["Alpha"]),
        ("Amount = null", ["O'Hara_1"]),
        ("Amount != 100", ["beta", "O'Hara_1"]),
        ("NOT Amount > 100", ["Alpha", "O'Hara_1"]),
        ("(Amount = 100 OR Amount = 300) AND IsWon = false", ["beta"]),
        ("StageName IN ('Prospecting', 'x') AND Type NOT IN ('New Customer')", ["beta"]),
        ("CloseDate = TODAY", ["Alpha"]),
        ("CloseDate > LAST_N_DAYS:5", ["beta"]),
        ("CloseDate = LAST_N_DAYS:18", ["Alpha", "O'Hara_1"]),
        ("CloseDate = LAST_MONTH", ["O'Hara_1"]),
        ("CloseDate >= NEXT_MONTH", ["beta"]),
        ("CloseDate <= 2026-11-18", ["Alpha", "O'Hara_1"]),
        ("CreatedDate = TODAY AND CreatedDate <= 2026-11-18T13:00:00+01:00", ["Alpha", "beta", "O'Hara_1"]),
        ("CALENDAR_MONTH(CloseDate) = 12", ["beta"]),
        ("Account.Name = 'acme'", ["Alpha", "beta"]),
        ("Account.Parent.Name = 'Group'", ["Alpha", "beta"]),
        ("AccountId = null", ["O'Hara_1"]),
        ("Id IN (SELECT Opportunity__c FROM Tollway_Deal_Milestone__c WHERE Amount__c > 10)", ["Alpha"]),
        ("Id NOT IN (SELECT Opportunity__c FROM Tollway_Deal_Milestone__c)", ["beta", "O'Hara_1"]),
        ("AccountId IN (SELECT Id FROM Account WHERE Name = 'Acme')", ["Alpha", "beta"]),
    ],
)
def test_a_condition_finds_its_records(org, condition, found):
    """Text is compared in any case, missing values only equal null, and dates know their literals."""
    assert names(org, condition) == found


def test_parents_and_children_nest(org):
    """A parent is an object in the record, children are a small result, and absence is null."""
    soql = (
        "SELECT o.Name, o.Account.Name, o.Account.Parent.Name, (SELECT Name FROM Tollway_Deal_Milestones__r "
        "ORDER BY Amount__c DESC LIMIT 1) FROM Opportunity o WHERE o.Name IN ('alpha', 'O\\'Hara_1') ORDER BY Name"
    )
    with_parent, without = rows(org, soql)
    assert with_parent["Account"]["Name"] == "Acme"
    assert with_parent["Account"]["Parent"]["Name"] == "Group"
    milestones = with_parent["Tollway_Deal_Milestones__r"]
    assert (milestones["totalSize"], milestones["done"], milestones["records"][0]["Name"]) == (1, True, "M20")
    assert (without["Account"], without["Tollway_Deal_Milestones__r"]) == (None, None)


def test_groups_are_counted_and_added_up(org):
    """Aggregates ignore missing values, take aliases or become expr0, and HAVING filters the groups."""
    soql = (
        "SELECT StageName, COUNT(Id) deals, SUM(Amount), MAX(CloseDate) latest FROM Opportunity "
        "GROUP BY StageName HAVING COUNT(Id) > 1 ORDER BY COUNT(Id) DESC"
    )
    assert rows(org, soql) == [
        {"StageName": "Prospecting", "deals": 2, "expr0": 300.0, "latest": "2026-12-01"},
    ]
    assert rows(org, "SELECT AVG(Amount) mean, COUNT_DISTINCT(Type) FROM Opportunity") == [{"mean": 200.0, "expr0": 1}]
    by_account = rows(org, "SELECT Account.Name, COUNT(Id) n FROM Opportunity GROUP BY Account.Name ORDER BY COUNT(Id)")
    assert by_account == [{"Name": None, "n": 1}, {"Name": "Acme", "n": 2}]


def test_order_limit_and_offset(org):
    """Missing values come first unless asked otherwise; LIMIT and OFFSET cut the ordered rows."""
    soql = "SELECT Name FROM Opportunity ORDER BY Amount"
    assert [row["Name"] for row in rows(org, soql)] == ["O'Hara_1", "Alpha", "beta"]
    assert [row["Name"] for row in rows(org, f"{soql} DESC NULLS LAST")] == ["beta", "Alpha", "O'Hara_1"]
    assert [row["Name"] for row in rows(org, f"{soql} LIMIT 1 OFFSET 1")] == ["Alpha"]


def test_fields_selects_whole_sets(org):
    """FIELDS(STANDARD) has no custom fields, FIELDS(CUSTOM) no others, and both kinds together need a LIMIT."""
    (standard,) = rows(org, "SELECT FIELDS(STANDARD) FROM Account WHERE Name = 'Acme'")
    assert "Website" in standard
    assert not any(name.endswith("__c") for name in standard)
    (every,) = rows(org, "SELECT FIELDS(ALL) FROM Account WHERE Name = 'Acme' LIMIT 200")
    assert {"Website", "Tollway_External_Id__c"} <= set(every)
    with pytest.raises(ApiError, match="must have a LIMIT of at most 200"):
        rows(org, "SELECT FIELDS(ALL) FROM Account")


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("SELECT FROM Account", "MALFORMED_QUERY", "unexpected token: 'FROM'"),
        ("SELECT Id FROM", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Account WHERE Name = 'a", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        (
            "SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'",
            "MALFORMED_QUERY",
            "ERROR at Row:1:Column:56\nunexpected token: 'OR'",
        ),
        (
            "SELECT Nix FROM Account",
            "INVALID_FIELD",
            "ERROR at Row:1:Column:8\nNo such column 'Nix' on entity 'Account'",
        ),
        ("SELECT Nix.Name FROM Account", "INVALID_FIELD", "Didn't understand relationship 'Nix' in field path"),
        ("SELECT Id FROM Nix", "INVALID_TYPE", "sObject type 'Nix' is not supported"),
        (
            "SELECT Id, (SELECT Id FROM Nix) FROM Account",
            "INVALID_TYPE",
            "relationship 'Nix' in FROM part of query call",
        ),
        ("SELECT Id FROM Account WHERE Name = 1", "INVALID_FIELD", "must be of type string and should be enclosed"),
        ("SELECT Id FROM Opportunity WHERE Amount = '1'", "INVALID_FIELD", "should not be enclosed in quotes"),
        ("SELECT Id FROM Opportunity WHERE CloseDate = '2026-01-01'", "INVALID_FIELD", "must be of type date"),
        ("SELECT Id FROM Account WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: x"),
        ("SELECT Name, Id, Name FROM Account", "INVALID_FIELD", "duplicate field selected: Name"),
        ("SELECT Name n FROM Account", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
        ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY", "Field must be grouped or aggregated: Name"),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
    ],
)
def test_what_cannot_be_asked_is_refused(org, soql, code, message):
    """The refusal has the platform's code, and where it can, the row and column."""
    with pytest.raises(ApiError) as refusal:
        rows(org, soql)
    assert refusal.value.code == code
    assert message in refusal.value.message


@pytest.mark.parametrize(
    ("literal", "first", "end"),
    [
        ("THIS_WEEK", (2026, 11, 15), (2026, 11, 22)),
        ("LAST_QUARTER", (2026, 7, 1), (2026, 10, 1)),
        ("THIS_YEAR", (2026, 1, 1), (2027, 1, 1)),
        ("NEXT_N_MONTHS:2", (2026, 12, 1), (2027, 2, 1)),
        ("LAST_N_WEEKS:1", (2026, 11, 8), (2026, 11, 15)),
        ("LAST_90_DAYS", (2026, 8, 20), (2026, 11, 19)),
        ("N_DAYS_AGO:3", (2026, 11, 15), (2026, 11, 16)),
    ],
)
def test_a_date_literal_covers_its_days(literal, first, end):
    """A literal is a range of days seen from today."""
    assert date_range(literal, NOW.date()) == (dt.date(*first), dt.date(*end))
