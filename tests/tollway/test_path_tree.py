"""How a path is found among paths with fixed and variable segments."""

import pytest

from tollway.http.path_tree import PathTree


@pytest.fixture
def tree() -> PathTree[str]:
    tree: PathTree[str] = PathTree()
    for path in ("/a/{id}", "/a/{id}/b", "/a/last", "/a/{id}/{other}/c", "/a/last/b/d"):
        tree.at(path).things["GET"] = path
    return tree


@pytest.mark.parametrize(
    ("path", "found", "values"),
    [
        ("a/1", "/a/{id}", {"id": "1"}),
        ("a/last", "/a/last", {}),
        ("a/last/b", "/a/{id}/b", {"id": "last"}),
        ("a/last/b/d", "/a/last/b/d", {}),
        ("a/last/b/c", "/a/{id}/{other}/c", {"id": "last", "other": "b"}),
        ("a", None, None),
        ("a/", None, None),
        ("a/1/2", None, None),
        ("b/1", None, None),
    ],
)
def test_what_is_fixed_comes_before_what_is_variable(tree, path, found, values) -> None:
    """The most fixed path wins, one that leads nowhere is left again, and an empty segment stands for nothing."""
    there = tree.find("GET", f"/{path}")
    assert there == (found and (found, values))
    assert tree.methods(f"/{path}") == (["GET"] if found else [])


def test_what_was_found_is_found_again(tree) -> None:
    """A path is found with the same values each time, however it is encoded and however many others were asked for."""
    for number in range(5000):
        tree.find("GET", f"/a/{number}")
    for _ in range(2):
        assert tree.find("GET", "/a/x%2Fy") == ("/a/{id}", {"id": "x/y"})
        assert tree.find("GET", "/a/last") == ("/a/last", {})
        assert tree.find("POST", "/a/last") is None
        assert tree.find("GET", "/nowhere") is None
