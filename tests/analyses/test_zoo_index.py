"""The index of the zoo says what building its networks says, and is not used for other specs."""

import shutil
from pathlib import Path

import pytest

from cnnspec.analyses import zoo_index
from cnnspec.analyses.comparison import ComparedNetwork, ComparisonSettings
from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.analyses.zoo_index import INDEX, KEYS, read_index, render_index
from cnnspec.graph.build import load_zoo_graphs
from cnnspec.spec.zoo import zoo_folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the specs without an index, which is used for the zoo's."""
    copy = tmp_path / "specs"
    shutil.copytree(zoo_folder(), copy, ignore=shutil.ignore_patterns(INDEX))
    monkeypatch.setattr(zoo_index, "zoo_folder", lambda: str(copy))
    return copy


def test_the_index_is_what_building_the_networks_gives(folder: Path) -> None:
    assert read_index() is None
    (folder / INDEX).write_text(render_index(), encoding="utf-8")
    found = read_index()
    assert found is not None
    graphs = [*load_zoo_graphs()]
    assert [s.value("network") for s in found] == [g.name for g in graphs]
    for subject, graph in zip(found, graphs, strict=True):
        built = ComparedNetwork(NetworkCosts(graph), ComparisonSettings())
        assert {k: subject.value(k) for k in KEYS} == {k: built.value(k) for k in KEYS}
    [one] = [s for s in read_index("lenet5_original") or [] if s.value("params")]
    assert one.value("depth") == ComparedNetwork(one.net, ComparisonSettings()).value("depth")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"digest": "DIGEST"}', '{"digest": "DIGEST", "networks": [[1]]}']
)
def test_a_faulty_index_is_not_used(folder: Path, text: str) -> None:
    (folder / INDEX).write_text(text.replace("DIGEST", zoo_index.digest_specs()))
    assert read_index() is None


def test_the_index_of_other_specs_is_not_used(folder: Path) -> None:
    empty = f'{{"digest": "{zoo_index.digest_specs()}", "networks": []}}'
    (folder / INDEX).write_text(empty)
    assert read_index() == []
    with (folder / "lenet5.toml").open("a") as file:
        file.write("# another text\n")
    assert read_index() is None
