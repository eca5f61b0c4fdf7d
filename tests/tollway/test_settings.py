"""The configuration is overridden by the environment, and says in one sentence what is wrong with it."""

import copy
import tomllib
from pathlib import Path

import pytest

from tollway.problems import StartupError
from tollway.settings import check, convert, load, overridden

SAMPLE = Path(__file__).parents[2] / "tollway.toml"
REMOVED = object()


@pytest.fixture
def tables() -> dict:
    return tomllib.loads(SAMPLE.read_text("utf-8"))


def test_the_sample_is_complete():
    """The sample configuration can be used as it is."""
    settings = load(SAMPLE, {})
    assert (settings.crm.platform, settings.gateway.port, settings.polling.seconds) == ("salesforce", 8080, 30.0)


@pytest.mark.parametrize(
    ("variable", "value", "path"),
    [
        ("TOLLWAY_GATEWAY__PORT", "9000", ("gateway", "port")),
        ("TOLLWAY_STORAGE__URL", "postgresql://x", ("storage", "url")),
        ("TOLLWAY_LEGAL_ENTITIES__NWC_US__NAME", "Other", ("legal_entities", "NWC-US", "name")),
        ("TOLLWAY_LEGAL_ENTITIES__nwc-us__NAME", "Other", ("legal_entities", "NWC-US", "name")),
        ("TOLLWAY_CONNECTIONS__NETSUITE__ITEMS__TIME", "9", ("connections", "netsuite", "items", "time")),
        ("TOLLWAY_SERVICES__ERP__URL", "http://erp", ("services", "erp", "url")),
    ],
)
def test_a_variable_overrides_a_setting(tables, variable, value, path):
    """Two underscores go one table deeper; case, dash and underscore make no difference; tables are made as needed."""
    given = overridden(tables, {variable: value, "TOLLWAYS__GATEWAY__PORT": "1", "TOLLWAY_HOME": "x"})
    check(given)
    for key in path:
        given = given[key]
    assert given == value


def test_an_overridden_number_is_a_number():
    """A variable's text becomes what the setting is."""
    settings = load(SAMPLE, {"TOLLWAY_GATEWAY__PORT": "9000", "TOLLWAY_POLLING__SECONDS": "0.5"})
    assert (settings.gateway.port, settings.polling.seconds) == (9000, 0.5)


def test_a_variable_cannot_go_into_a_value():
    """A variable that goes deeper than a setting is refused and named."""
    with pytest.raises(StartupError, match="The variable TOLLWAY_GATEWAY__PORT__X overrides a setting that is no"):
        load(SAMPLE, {"TOLLWAY_GATEWAY__PORT__X": "1"})


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("crm", REMOVED, "The setting crm is missing."),
        ("connections", REMOVED, "The setting connections is missing."),
        ("crm.platform", REMOVED, "The setting crm.platform is missing."),
        ("legal_entities.NWC-UK.name", REMOVED, "The setting legal_entities.NWC-UK.name is missing."),
        ("services.erp", {}, "The setting services.erp.url is missing."),
        (
            "onboarding.service_lines.IMP.cost_centre",
            REMOVED,
            "The setting onboarding.service_lines.IMP.cost_centre is missing.",
        ),
        ("gatway", {}, "The setting gatway is not one Tollway knows."),
        ("gateway.prot", 1, "The setting gateway.prot is not one Tollway knows."),
        ("legal_entities.NWC-UK.vat", 1, "The setting legal_entities.NWC-UK.vat is not one Tollway knows."),
        ("gateway", 5, "The setting gateway is wrong: expected `object`, got `int`."),
        ("gateway.port", "abc", "The setting gateway.port is wrong: expected `int`, got `str`."),
        ("gateway.port", 65536, "The setting gateway.port is wrong: expected `int` <= 65535."),
        ("sandboxes.netsuite.port", -1, "The setting sandboxes.netsuite.port is wrong: expected `int` >= 0."),
        (
            "legal_entities.NWC-UK.currencies",
            "GBP",
            "The setting legal_entities.NWC-UK.currencies is wrong: expected `array`, got `str`.",
        ),
        (
            "onboarding.payment_terms.Net 60",
            "sixty",
            "The setting onboarding.payment_terms.Net 60 is wrong: expected `int`, got `str`.",
        ),
        (
            "legal_entities.NWC-UK.erp",
            "sap",
            "The setting legal_entities.NWC-UK.erp names no table in [connections]: 'sap'.",
        ),
        ("psa.connection", "sf", "The setting psa.connection names no table in [connections]: 'sf'."),
    ],
)
def test_a_wrong_setting_is_named_in_one_sentence(tables, setting, value, sentence):
    """Whatever is missing, unknown or of the wrong kind is named with its whole path."""
    *path, last = setting.split(".")
    table = tables
    for key in path:
        table = table.setdefault(key, {})
    if value is REMOVED:
        del table[last]
    else:
        table[last] = value
    before = copy.deepcopy(tables)
    with pytest.raises(StartupError) as error:
        check(tables)
    assert str(error.value) == sentence
    assert tables == before


def test_a_platforms_own_settings_are_named_below_its_table():
    """What a platform's settings lack is named with the connection that lacks it."""
    with pytest.raises(StartupError) as error:
        convert({"a": {"x": 1}, "b": {}}, dict[str, dict[str, str]], "connections.netsuite")
    assert str(error.value) == "The setting connections.netsuite.a.x is wrong: expected `str`, got `int`."


def test_a_missing_file_is_said(tmp_path):
    """Without the file the sentence says how to name another."""
    with pytest.raises(StartupError, match=r"There is no configuration file .*none\.toml; name one with --config\."):
        load(tmp_path / "none.toml", {})


@pytest.mark.parametrize("content", [b"[gateway\n", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_said(tmp_path, content):
    """A file that cannot be read as TOML is named."""
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(StartupError, match=r"The configuration file .*broken\.toml cannot be read"):
        load(path, {})
