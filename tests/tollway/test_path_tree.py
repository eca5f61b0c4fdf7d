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
        ("a/1", "/a/{id}", ["1"]),
        ("a/last", "/a/last", []),
        ("a/last/b", "/a/{id}/b", ["last"]),
        ("a/last/b/d", "/a/last/b/d", []),
        ("a/last/b/c", "/a/{id}/{other}/c", ["last", "b"]),
        ("a", None, None),
        ("a/", None, None),
        ("a/1/2", None, None),
        ("b/1", None, None),
    ],
)
def test_what_is_fixed_comes_before_what_is_variable(tree, path, found, values) -> None:
    """The most fixed path wins, one that leads nowhere is left again, and an empty segment stands for nothing."""
    node = tree.find(path.split("/"))
    assert (node and node[0].things["GET"], node and node[1]) == (found, values)
