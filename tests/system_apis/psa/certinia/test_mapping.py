"""Golden pairs of Certinia's records and canonical objects."""

from pathlib import Path
from typing import Any, TypeVar

import msgspec

from system_apis.psa.certinia import mapping, models
from system_apis.psa.certinia.work import to_work
from tollway.canonical.listing import ProjectStanding
from tollway.canonical.project import Project, ProjectDetails, ProjectPlan
from tollway.canonical.work import ProjectWork

GOLDEN = Path(__file__).parent / "golden"
T = TypeVar("T")


def read(name: str, kind: type[T] = Any) -> T:
    return msgspec.json.decode((GOLDEN / f"{name}.json").read_bytes(), type=kind)


def sent(values: object) -> object:
    """Values as the platform gets them."""
    return msgspec.json.decode(msgspec.json.Encoder(decimal_format="number").encode(values))


def test_a_project_is_sent_as_these_fields():
    """The details of a project become exactly the golden fields, none of which is delivery's to set."""
    assert sent(mapping.from_project(read("project.canonical", ProjectDetails))) == read("project.platform")


def test_a_plan_is_sent_as_these_records():
    """Every part of a plan has the external id that makes it the same part the next time."""
    plan = read("plan.canonical", ProjectPlan)
    records = {
        "tasks": mapping.from_tasks(plan),
        "milestones": mapping.from_milestones(plan),
        "rates": mapping.from_rates(plan),
    }
    assert sent(records) == read("plan.platform")


def test_a_project_is_read_as_it_is():
    """A project that nobody is to work on any more is closed."""
    project = mapping.to_project(read("existing_project.platform", models.Project))
    assert project == read("existing_project.canonical", Project)


def test_a_project_is_listed_with_what_it_was_told():
    """The project comes as it is read alone, beside what was told of its billing."""
    standing = mapping.to_standing(read("standing.platform", models.ProjectStanding))
    assert msgspec.json.decode(msgspec.json.encode(standing)) == read("standing.canonical")
    assert read("standing.canonical", ProjectStanding) == standing
    assert standing.project == mapping.to_project(read("existing_project.platform", models.Project))


def test_work_is_read_as_billing_events():
    """Hours are summed exactly, rates come from timecard or rate card, empty timecards bill nothing."""
    work = to_work(read("work.platform", models.WorkedProject))
    assert msgspec.json.decode(msgspec.json.encode(work)) == read("work.canonical")
    assert read("work.canonical", ProjectWork) == work
