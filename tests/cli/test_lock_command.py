"""cnnspec lock as a user runs it: what it writes and prints, and that it writes all or nothing."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cnnspec.cli import cli
from cnnspec.problems import RequestError, SpecError
from cnnspec.spec import zoo

SPECS = Path(__file__).parents[2] / "specs"


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two specs of the zoo, one in a folder below it."""
    (tmp_path / "nets").mkdir()
    shutil.copy(SPECS / "alexnet.toml", tmp_path)
    shutil.copy(SPECS / "lenet5.toml", tmp_path / "nets")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_locks_of_a_folder(folder: Path) -> None:
    assert run("lock").output == "alexnet.lock: 2 networks, new\nnets/lenet5.lock: 1 network, new\n"
    run("check", "--select", "K", "--locked")
    assert (
        run("lock").output
        == "alexnet.lock: 2 networks, unchanged\nnets/lenet5.lock: 1 network, unchanged\n"
    )
    assert sorted(p.name for p in folder.rglob("*") if p.is_file()) == [
        "alexnet.lock",
        "alexnet.toml",
        "lenet5.lock",
        "lenet5.toml",
    ]


def test_a_renewed_lock_says_what_has_changed(folder: Path) -> None:
    run("lock")
    spec = folder / "nets" / "lenet5.toml"
    spec.write_text(spec.read_text().replace("out_features = 84", "out_features = 85"))
    failed = run("check", "--select", "K", code=1).output
    assert (
        "K001 F6 differs from the lock: out_features 84 → 85; output 84 → 85;"
        " params 10,164 → 10,285"
        " (+121)" in failed
    )
    assert (
        run("lock", "nets").output
        == "nets/lenet5.lock: 1 network, updated\n  lenet5: layers: 1 changed, 1 with other numbers"
        " only, 7 as before; params 61,706 → 61,837 (+131); MACs 416,520 → 416,650 (+130)\n"
    )
    run("check", "--select", "K")


def test_networks_that_come_and_go_are_named(folder: Path) -> None:
    run("lock", "alexnet.toml")
    spec = folder / "alexnet.toml"
    spec.write_text(
        spec.read_text().replace("[variants.alexnet_single_tower]", "[variants.alexnet_one]")
    )
    assert (
        run("lock", "alexnet.toml").output
        == "alexnet.lock: 2 networks, updated\n  alexnet_single_tower: removed\n  alexnet_one:"
        " added\n"
    )
    (folder / "alexnet.lock").write_text("mine")
    assert (
        "  the old lock could not be used: this is not a lock\n"
        in run("lock", "alexnet.toml").output
    )


def test_all_or_nothing(folder: Path) -> None:
    spec = """
name = "b"
input = [1]
layers = [{ name = "a", op = "rulu" }]
"""
    (folder / "nets" / "broken.toml").write_text(spec)
    with pytest.raises(SpecError, match='L005 "rulu" is neither an operator nor a block'):
        run("lock")
    assert not list(folder.rglob("*.lock*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["alexnet.toml:alexnet"],
            "a lock records all networks of a file: cnnspec lock alexnet.toml",
        ),
        (["nothing.toml"], "there is no nothing.toml"),
        (["nets/empty"], "there is no nets/empty"),
        (["nothing"], "there is no network 'nothing'"),
    ],
)
def test_what_cannot_be_locked(arguments: list[str], message: str) -> None:
    with pytest.raises(RequestError) as error:
        run("lock", *arguments)
    assert str(error.value).startswith(message)


def test_specs_that_ship_with_cnnspec_are_not_locked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(SPECS, folder / "cnnspec" / "specs")
    monkeypatch.setattr(zoo, "HERE", str(folder / "cnnspec"))
    monkeypatch.setattr("cnnspec.cli.lock.HERE", str(folder / "cnnspec"))
    with pytest.raises(
        RequestError, match=r"lenet5\.toml belongs to cnnspec itself: lock a copy of it"
    ):
        run("lock", "lenet5")


def test_a_folder_that_cannot_be_written_is_said(folder: Path) -> None:
    (folder / "nets" / "lenet5.lock").mkdir()
    with pytest.raises(RequestError, match=r"nets/lenet5\.lock cannot be written: Is a directory"):
        run("lock", "nets")
    assert sorted(p.name for p in (folder / "nets").iterdir()) == ["lenet5.lock", "lenet5.toml"]
