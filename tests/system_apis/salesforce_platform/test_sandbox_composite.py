"""Composite resources do many things in one call, each as the guide says."""


def part(reference, method, path, body=None):
    made = {"referenceId": reference, "method": method, "url": f"/services/data/v60.0/{path}"}
    return made | ({"body": body} if body is not None else {})


DEAL = {"StageName": "Prospecting", "CloseDate": "2026-12-31"}


async def test_a_composite_passes_results_on(api):
    """A later subrequest refers to what an earlier one answered, in its URL and its body."""

    def act(api):
        answer = api(
            "POST",
            "composite",
            {
                "compositeRequest": [
                    part("account", "POST", "sobjects/Account", {"Name": "Acme"}),
                    part("deal", "POST", "sobjects/Opportunity", DEAL | {"Name": "D", "AccountId": "@{account.id}"}),
                    part("read", "GET", "sobjects/Opportunity/@{deal.id}?fields=Name,AccountId"),
                    part("found", "GET", "query?q=SELECT+Id+FROM+Account+WHERE+Id='@{account.id}'"),
                    part("task", "POST", "sobjects/Task", {"Subject": "S", "WhatId": "@{found.records[0].Id}"}),
                ]
            },
        ).json()["compositeResponse"]
        assert [one["httpStatusCode"] for one in answer] == [201, 201, 200, 200, 201]
        assert answer[0]["httpHeaders"]["Location"].endswith(answer[0]["body"]["id"])
        assert answer[2]["body"]["AccountId"] == answer[0]["body"]["id"]

    await api(act)


async def test_a_composite_without_all_or_none_goes_on(api):
    """A failure leaves the others alone, but what refers to it is halted."""

    def act(api):
        answer = api(
            "POST",
            "composite",
            {
                "compositeRequest": [
                    part("bad", "POST", "sobjects/Account", {}),
                    part("deal", "POST", "sobjects/Opportunity", DEAL | {"Name": "D", "AccountId": "@{bad.id}"}),
                    part("good", "POST", "sobjects/Account", {"Name": "Acme"}),
                ]
            },
        ).json()["compositeResponse"]
        assert [one["httpStatusCode"] for one in answer] == [400, 400, 201]
        assert answer[1]["body"] == [
            {
                "errorCode": "PROCESSING_HALTED",
                "message": "Invalid reference specified. No value for bad.id found in bad.",
            }
        ]

    await api(act)


async def test_a_composite_with_all_or_none_rolls_back(api):
    """One failure undoes the whole composite and every other subrequest says so."""

    def act(api):
        body = {
            "allOrNone": True,
            "compositeRequest": [
                part("good", "POST", "sobjects/Account", {"Name": "Acme"}),
                part("bad", "POST", "sobjects/Account", {}),
                part("never", "POST", "sobjects/Account", {"Name": "Never"}),
            ],
        }
        answer = api("POST", "composite", body).json()["compositeResponse"]
        codes = [one["body"][0]["errorCode"] for one in answer]
        assert codes == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING", "PROCESSING_HALTED"]
        assert api.query("SELECT COUNT() FROM Account")["totalSize"] == 0
        assert (
            api(
                "POST", "composite", {"compositeRequest": [part(f"r{n}", "GET", "limits") for n in range(26)]}
            ).status_code
            == 400
        )

    await api(act)


async def test_a_batch_halts_when_asked(api):
    """haltOnError answers 412 for everything behind the first failure."""

    def act(api):
        requests = [{"method": "GET", "url": "v60.0/limits"}, {"method": "GET", "url": "v60.0/sobjects/Nix"}] * 2
        answer = api("POST", "composite/batch", {"batchRequests": requests}).json()
        assert answer["hasErrors"] is True
        assert [one["statusCode"] for one in answer["results"]] == [200, 404, 200, 404]
        answer = api("POST", "composite/batch", {"batchRequests": requests, "haltOnError": True}).json()
        assert [one["statusCode"] for one in answer["results"]] == [200, 404, 412, 412]

    await api(act)


async def test_each_graph_stands_alone(api):
    """A graph that fails is undone, its neighbour stays."""

    def act(api):
        good = {"graphId": "1", "compositeRequest": [part("a", "POST", "sobjects/Account", {"Name": "Good"})]}
        bad = {
            "graphId": "2",
            "compositeRequest": [
                part("a", "POST", "sobjects/Account", {"Name": "Bad"}),
                part("b", "POST", "sobjects/Contact", {"AccountId": "@{a.id}"}),
            ],
        }
        graphs = api("POST", "composite/graph", {"graphs": [good, bad]}).json()["graphs"]
        assert [(graph["graphId"], graph["isSuccessful"]) for graph in graphs] == [("1", True), ("2", False)]
        assert [one["Name"] for one in api.query("SELECT Name FROM Account")["records"]] == ["Good"]

    await api(act)


async def test_a_tree_creates_all_or_nothing(api):
    """Children are created below their parents; one refusal undoes the tree and names its reference."""

    def act(api):
        contact = {"attributes": {"type": "Contact", "referenceId": "c"}, "LastName": "Doe"}
        tree = {
            "attributes": {"type": "Account", "referenceId": "a"},
            "Name": "Acme",
            "Contacts": {"records": [contact]},
        }
        answer = api("POST", "composite/tree/Account", {"records": [tree]})
        assert (answer.status_code, answer.json()["hasErrors"]) == (201, False)
        assert api.query("SELECT Account.Name FROM Contact")["records"][0]["Account"]["Name"] == "Acme"
        contact["Email"] = "123"
        answer = api("POST", "composite/tree/Account", {"records": [tree]})
        assert answer.status_code == 400
        assert answer.json()["results"] == [
            {
                "referenceId": "c",
                "errors": [
                    {
                        "statusCode": "INVALID_EMAIL_ADDRESS",
                        "message": "Email: invalid email address: 123",
                        "fields": ["Email"],
                    }
                ],
            }
        ]
        assert api.query("SELECT COUNT() FROM Account")["totalSize"] == 1

    await api(act)


async def test_collections_answer_per_record(api):
    """Without allOrNone the good records stay; with it nothing does, and the good ones say why."""

    def act(api):
        records = [{"attributes": {"type": "Account"}, "Name": "Good"}, {"attributes": {"type": "Account"}}]
        rolled = api("POST", "composite/sobjects", {"allOrNone": True, "records": records}).json()
        codes = [one["errors"][0]["statusCode"] for one in rolled]
        assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
        assert api.query("SELECT COUNT() FROM Account")["totalSize"] == 0
        results = api("POST", "composite/sobjects", {"records": records}).json()
        assert [one["success"] for one in results] == [True, False]
        identifier = results[0]["id"]
        change = {"attributes": {"type": "Account"}, "id": identifier, "Name": "Changed"}
        assert api("PATCH", "composite/sobjects", {"records": [change]}).json()[0]["success"]
        path = f"composite/sobjects/Account?ids={identifier},001000000000000AAA&fields=Name"
        assert [one and one["Name"] for one in api("GET", path).json()] == ["Changed", None]
        deleted = api("DELETE", f"composite/sobjects?ids={identifier},nonsense").json()
        assert [one["success"] for one in deleted] == [True, False]

    await api(act)


async def test_collections_upsert_by_external_id(api):
    """Each record carries its external id; the result says whether it is new, and a repeat makes no second one."""

    def act(api):
        path = "composite/sobjects/Account/Tollway_External_Id__c"
        records = [
            {"attributes": {"type": "Account"}, "Tollway_External_Id__c": f"k{number}", "Name": f"A{number}"}
            for number in range(3)
        ]
        first = api("PATCH", path, {"records": records[:2]}).json()
        second = api("PATCH", path, {"records": records}).json()
        assert [one["created"] for one in first + second] == [True, True, False, False, True]
        assert [one["id"] for one in second[:2]] == [one["id"] for one in first]

    await api(act)


async def test_an_external_id_may_stand_in_one_record_of_a_collection_only(api):
    """Every record that shares its external id with another of the same call is refused; the others are upserted."""

    def act(api):
        records = [
            {"attributes": {"type": "Account"}, "Tollway_External_Id__c": key, "Name": "x"} for key in ("a", "A", "b")
        ]
        results = api("PATCH", "composite/sobjects/Account/Tollway_External_Id__c", {"records": records}).json()
        assert [one["success"] for one in results] == [False, False, True]
        assert results[0]["errors"][0]["message"] == "Duplicate external id specified: a"

    await api(act)


async def test_collections_refuse_what_is_no_record(api):
    """A record that is no object is refused as malformed JSON."""

    def act(api):
        assert api.error("POST", "composite/sobjects", {"records": ["x"]})[:2] == (400, "JSON_PARSER_ERROR")

    await api(act)


async def test_collections_have_limits(api):
    """More than 200 records or more than ten chunks of types are refused as a whole."""

    def act(api):
        account, contact = ({"attributes": {"type": name}, "Name": "x"} for name in ("Account", "Contact"))
        status, code, _ = api.error("POST", "composite/sobjects", {"records": [account] * 201})
        assert (status, code) == (400, "EXCEEDED_ID_LIMIT")
        status, code, _ = api.error("POST", "composite/sobjects", {"records": [account, contact] * 6})
        assert (status, code) == (400, "INVALID_INPUT")

    await api(act)
