"""What people are shown of data that was sent."""

import json

import msgspec
import pytest

from tollway.masking import masked, masked_json, masked_text, shown


class Login(msgspec.Struct):
    """Something of ours with a secret in it."""

    client_id: str
    client_secret: str


@pytest.mark.parametrize(
    "field",
    ["password", "client_secret", "clientSecret", "access_token", "refresh-token", "Authorization", "api_key", "apiKey",
     "X-Api-Key", "private_key", "Set-Cookie", "client_assertion", "consumerKey", "cvv",
     "tokens", "secretKey", "password_hash", "credentials_file", "token_value", "private_key_pem", "api_key_2"],
)  # fmt: skip
def test_a_secret_is_hidden_whatever_its_field_is_written_like(field):
    """Fields named as secrets show that something is there, and nothing of it, also when it is no text."""
    assert masked({field: "s3cr3t-value"}) == {field: "***"}
    assert masked({field: {"inner": "s3cr3t-value"}}) == {field: "***"}
    assert masked({field: ""}) == {field: ""}


@pytest.mark.parametrize("field", ["iban", "IBAN", "account_number", "bankAccount", "routing_number", "card_number"])
def test_bank_data_is_known_by_its_last_characters(field):
    """Of an account or card the last four characters stay, and none of a number so short that they would tell it."""
    assert masked({field: "DE02120300000000202051"}) == {field: "***2051"}
    assert masked({field: 1234567890}) == {field: "***7890"}
    assert masked({field: "12345"}) == {field: "***"}


@pytest.mark.parametrize(
    "field", ["name", "token_id", "number", "account_id", "key", "shipping", "span", "description"]
)
def test_what_is_no_secret_is_shown(field):
    """Names, ids and amounts are what people mend data by."""
    assert masked({field: "PRJ-7-001"}) == {field: "PRJ-7-001"}


def test_secrets_are_found_however_deep_they_are():
    """Lists and objects within one another are masked alike, and nothing else is changed."""
    data = {"lines": [{"amount": "10.00", "bank": {"iban": "DE02120300000000202051"}}], "paid": True, "at": None}
    assert masked(data) == {"lines": [{"amount": "10.00", "bank": {"iban": "***2051"}}], "paid": True, "at": None}
    assert masked({"ibans": [], "iban": ["DE02120300000000202051"]}) == {"ibans": [], "iban": ["***2051"]}


def test_credentials_in_words_are_hidden():
    """A platform that quotes a request's credentials in its error does not bring them before people."""
    assert masked_text("refused: Authorization: Bearer eyJhbGciOi.J9 (expired)") == (
        "refused: Authorization: Bearer *** (expired)"
    )
    assert masked({"reason": "Basic dXNlcjpwYXNz was refused"}) == {"reason": "Basic *** was refused"}
    assert masked_text("the basic plan") == "the basic plan"


def test_json_and_structs_are_masked_as_plain_data_is():
    """What is kept as JSON, or is a struct, is shown with the same masked."""
    assert json.loads(masked_json('{"token": "t", "id": 1}')) == {"token": "***", "id": 1}
    assert masked_json(None) == ""
    assert json.loads(shown([Login("c", "s")])) == [{"client_id": "c", "client_secret": "***"}]
