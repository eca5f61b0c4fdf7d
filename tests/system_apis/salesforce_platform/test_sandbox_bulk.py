"""Bulk jobs over bare HTTP: what a job refuses, and rows that are hard to read."""

import pytest

CSV = {"Content-Type": "text/csv"}


def open_job(api, **facts):
    return api("POST", "jobs/ingest", {"object": "Contact", "operation": "insert"} | facts).json()


def load(api, csv, **facts):
    """The rows that succeeded and failed, as the platform writes them."""
    job = open_job(api, **facts)
    assert api("PUT", f"/{job['contentUrl']}", data=csv.encode(), headers=CSV).status_code == 201
    path = f"jobs/ingest/{job['id']}"
    api("PATCH", path, {"state": "UploadComplete"})
    return api("GET", path).json()["state"], *(
        api("GET", f"{path}/{kind}Results").text for kind in ("successful", "failed")
    )


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"object": "Nix"}, "INVALIDJOB", "InvalidJob : Unable to find object: Nix"),
        ({"operation": "x"}, "API_ERROR", "Invalid value: 'x' supplied for property: 'operation'"),
        ({"contentType": "JSON"}, "API_ERROR", "Invalid value: 'JSON' supplied for property: 'contentType'"),
        ({"columnDelimiter": "X"}, "API_ERROR", "Invalid value: 'X' supplied for property: 'columnDelimiter'"),
        (
            {"operation": "upsert", "externalIdFieldName": "Title"},
            "INVALIDJOB",
            "InvalidJob : Field name provided, Title does not match an External ID for Contact",
        ),
    ],
)
async def test_a_job_that_makes_no_sense_is_refused(api, body, code, message):
    """The refusal names the property, or what cannot be found."""

    def act(api):
        answer = api("POST", "jobs/ingest", {"object": "Contact", "operation": "insert"} | body)
        assert answer.status_code == 400
        assert answer.json() == [{"errorCode": code, "message": message}]

    await api(act)


async def test_a_job_takes_one_upload_and_ends_once(api):
    """A second upload is refused, and so is closing or aborting a job that is complete."""

    def act(api):
        job = open_job(api)
        upload = {"data": b"LastName\nDoe\n", "headers": CSV}
        api("PUT", f"/{job['contentUrl']}", **upload)
        assert api.error("PUT", f"/{job['contentUrl']}", **upload)[1] == "BULK_API_ERROR"
        path = f"jobs/ingest/{job['id']}"
        api("PATCH", path, {"state": "UploadComplete"})
        for state, change in (("UploadComplete", "Closing"), ("Aborted", "Aborting")):
            refusal = api.error("PATCH", path, {"state": state})
            assert refusal == (400, "INVALIDJOBSTATE", f"{change} already Completed Job not allowed")
        query = api("POST", "jobs/query", {"operation": "query", "query": "SELECT Id FROM Contact"}).json()
        refusal = api.error("PATCH", f"jobs/query/{query['id']}", {"state": "Aborted"})
        assert refusal == (400, "INVALIDJOBSTATE", "Aborting already Completed Job not allowed")

    await api(act)


async def test_rows_keep_their_line_ends_quotes_and_parents(api):
    """A quoted cell keeps its line end and quotes, #N/A empties a field, and a parent is named by its external id."""

    def act(api):
        api.create("Account", Name="Acme", Tollway_External_Id__c="a-1")
        csv = 'LastName;Title;Account.Tollway_External_Id__c\r\n"Doe ""J""\r\nJr";#N/A;a-1\r\nRoe;x;nix\r\n'
        state, successful, failed = load(api, csv, columnDelimiter="SEMICOLON", lineEnding="CRLF")
        assert (state, successful.count('"true"')) == ("JobComplete", 1)
        assert "Foreign key external ID: nix not found" in failed
        (contact,) = api.query("SELECT LastName, Title, Account.Name FROM Contact")["records"]
        assert (contact["LastName"], contact["Title"], contact["Account"]["Name"]) == ('Doe "J"\r\nJr', None, "Acme")

    await api(act)


async def test_the_older_api_answers_in_the_format_it_is_asked_in(api):
    """A job that is described in XML is answered in XML, whatever its batches hold, and results are plain text/csv."""

    def act(api):
        session = {"X-SFDC-Session": api.token, "Content-Type": "application/xml"}

        def call(method, path, body=None, **headers):
            return api(method, f"/services/async/60.0/{path}", data=body, headers=session | headers)

        def job(kind):
            words = f"<operation>insert</operation><object>Contact</object><contentType>{kind}</contentType>"
            answer = call("POST", "job", f"<jobInfo>{words}</jobInfo>")
            assert answer.headers["content-type"] == "application/xml"
            return answer.text.partition("<id>")[2][:18]

        job("JSON")
        identifier = job("CSV")
        upload = call("POST", f"job/{identifier}/batch", "LastName\nDoe\n", **CSV)
        batch = f"job/{identifier}/batch/{upload.text.partition('<id>')[2][:18]}"
        assert call("GET", f"{batch}/request").text == "LastName\nDoe\n"
        results = call("GET", f"{batch}/result")
        assert (results.headers["content-type"], results.text.count('"true"')) == ("text/csv", 2)

    await api(act)
