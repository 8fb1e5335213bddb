"""What the API returns and raises can be pickled and copied, and dir(cnnspec) lists the API."""

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cnnspec
from cnnspec.problems import RequestError, SpecError


def raised(call: Callable[[], Any]) -> Exception:
    with pytest.raises((SpecError, RequestError)) as error:
        call()
    return error.value


def network_of(text: str, folder: Path) -> cnnspec.Network:
    (folder / "net.toml").write_text(text, encoding="utf-8")
    return cnnspec.load(str(folder / "net.toml"))


VALUES: dict[str, Callable[[Path], Any]] = {
    "a network": lambda folder: cnnspec.load("lenet5", input=(1, 32, 32)),
    "a network with arguments": lambda folder: cnnspec.load("resnet18", classes=10),
    "a deep network": lambda folder: network_of(
        'name = "n"\ninput = [1]\nlayers = [{ name = "a", op = "relu", repeat = 2000 }]', folder
    ),
    "rows": lambda folder: cnnspec.load("lenet5").layers,
    "totals": lambda folder: cnnspec.load("lenet5").totals,
    "a node": lambda folder: cnnspec.load("lenet5").node("C1"),
    "memory": lambda folder: cnnspec.load("lenet5").memory(2, optimizer="adam"),
    "a picture": lambda folder: cnnspec.load("lenet5").draw(),
    "a frame": lambda folder: cnnspec.load("lenet5").to_frame(),
    "a module": lambda folder: cnnspec.load("lenet5").build(),
    "a comparison": lambda folder: cnnspec.compare(["lenet5", "alexnet"], conventions=["thop"]),
    "the networks": lambda folder: cnnspec.networks(),
    "a verdict": lambda folder: cnnspec.verify("lenet5", device="meta"),
    "a request error": lambda folder: raised(lambda: cnnspec.load("nothing")),
    "a spec error": lambda folder: raised(lambda: network_of("name = 3\nlayers = [1]", folder)),
}


@pytest.mark.parametrize("make", VALUES.values(), ids=VALUES)
def test_values_can_be_pickled_and_copied(make: Callable[[Path], Any], tmp_path: Path) -> None:
    value = make(tmp_path)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(value, protocol))
        assert type(again) is type(value)
        assert repr(again).partition(" at 0x")[0] == repr(value).partition(" at 0x")[0]
        assert str(again).partition(" at 0x")[0] == str(value).partition(" at 0x")[0]
    assert type(copy.deepcopy(value)) is type(value)


def test_a_pickled_network_answers_as_before(tmp_path: Path) -> None:
    net = cnnspec.load("resnet18", classes=10)
    again = pickle.loads(pickle.dumps(net))
    assert again.totals == net.totals
    assert [row.name for row in again.layers] == [row.name for row in net.layers]
    assert again.memory(4).training_peak == net.memory(4).training_peak
    assert again.draw() == net.draw()
    assert again.rebuild({}, (3, 64, 64)).inputs[0].output == (3, 64, 64)
    assert again.rebuild({}).outputs[0].output == (10,)
    compared = pickle.loads(pickle.dumps(cnnspec.compare([net], sort="macs")))
    assert compared.render("json") == cnnspec.compare([net]).render("json")


def test_a_pickled_spec_error_has_its_problems(tmp_path: Path) -> None:
    error = raised(lambda: network_of("name = 3\nlayers = [1]", tmp_path))
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(error, SpecError)
    assert (again.problems, again.complete) == (error.problems, error.complete)


def test_dir_lists_the_api_and_nothing_else() -> None:
    shown = [name for name in dir(cnnspec) if not name.startswith("__")]
    assert shown == [name for name in sorted(cnnspec.__all__) if not name.startswith("__")]
    assert all(getattr(cnnspec, name) is not None for name in shown)
