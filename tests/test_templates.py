"""What GitHub asks of whoever opens an issue, as its forms have to be written to be shown."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FORMS = sorted(path for path in ROOT.glob(".github/ISSUE_TEMPLATE/*.yml") if path.stem != "config")
# Of each kind of question what its attributes may be; the first is required.
ATTRIBUTES = {
    "markdown": ["value"],
    "textarea": ["label", "description", "placeholder", "value", "render"],
    "input": ["label", "description", "placeholder", "value"],
    "dropdown": ["label", "description", "multiple", "options", "default"],
    "checkboxes": ["label", "description", "options"],
}


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_is_one_that_github_shows(path):
    form = yaml.safe_load(path.read_text())
    assert form.keys() <= {"name", "description", "title", "labels", "assignees", "body"}
    assert form["name"]
    assert form["description"]
    questions = [each for each in form["body"] if each["type"] != "markdown"]
    names = [each["id"] for each in questions]
    labels = [each["attributes"]["label"] for each in questions]
    assert names
    assert len({*names}) == len(names)
    assert len({*labels}) == len(labels)
    for each in form["body"]:
        required, *others = ATTRIBUTES[each["type"]]
        assert each.keys() <= {"type", "id", "attributes", "validations"}
        assert each["attributes"][required]
        assert each["attributes"].keys() <= {required, *others}
        assert each.get("validations", {}).keys() <= {"required"}


def test_who_reports_a_bug_is_told_where_a_hole_belongs_before_anything_is_asked():
    [told] = [path for path in FORMS if path.stem == "bug"]
    first = yaml.safe_load(told.read_text())["body"][0]
    assert first["type"] == "markdown"
    assert "SECURITY.md" in first["attributes"]["value"]
    assert (ROOT / "SECURITY.md").exists()
