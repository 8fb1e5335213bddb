"""Files that commands write: whole or not at all, never through a planted link or over a spec."""

import os
import re
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from cnnspec.cli import cli, output
from cnnspec.problems import RequestError

SPECS = Path(__file__).parents[2] / "specs"
WRITERS = {  # a command that writes the file FILE
    "check": ["check", "net.toml", "--format", "json", "--output", "FILE"],
    "draw": ["draw", "net.toml", "--output", "FILE.svg"],
    "memory": ["memory", "net.toml", "--timeline", "FILE.svg"],
    "report": ["report", "net.toml", "--html", "FILE.html"],
    "lock": ["lock", "FILE.toml"],
    "new": ["new", "FILE.toml", "--force"],
}
every_writer = pytest.mark.parametrize("command", WRITERS.values(), ids=WRITERS)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the spec net.toml."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(SPECS / "lenet5.toml", "net.toml")
    return tmp_path


def written(command: list[str], name: str = "out") -> str:
    """The file that a command writes."""
    if command[0] == "lock":
        shutil.copy("net.toml", f"{name}.toml")
        return f"{name}.lock"
    return command[-1 - (command[0] == "new")].replace("FILE", name)


def run(command: list[str], name: str = "out") -> None:
    arguments = [part.replace("FILE", name) for part in command]
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output


@every_writer
def test_a_file_is_written_whole_or_not_at_all(
    command: list[str], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """A disk that is full, and Ctrl-C, leave the old file and no other."""
    file = written(command)
    Path(file).write_text("old")
    before = sorted(os.listdir())
    for error in (OSError(28, "No space left on device"), KeyboardInterrupt()):

        def fail(number: int, error: BaseException = error) -> None:
            raise error

        monkeypatch.setattr(os, "fsync", fail)
        arguments = [part.replace("FILE", "out") for part in command]
        done = CliRunner().invoke(cli, arguments)
        assert done.exit_code == 1
        if isinstance(error, OSError):
            assert isinstance(done.exception, RequestError)
            assert str(done.exception) == f"{file} cannot be written: No space left on device"
        assert (Path(file).read_text(), sorted(os.listdir())) == ("old", before)


@every_writer
def test_links_are_written_through_and_modes_kept(command: list[str], folder: Path) -> None:
    file = written(command)
    (folder / "there").mkdir()
    (folder / "there" / "file").write_text("old")
    (folder / "there" / "file").chmod(0o640)
    Path(file).symlink_to("there/file")
    run(command)
    assert Path(file).is_symlink()
    assert Path("there/file").read_text() != "old"
    assert stat.S_IMODE(os.stat("there/file").st_mode) == 0o640
    assert os.listdir("there") == ["file"]


@every_writer
def test_a_pipe_is_written_and_stays(command: list[str], folder: Path) -> None:
    file = written(command)
    os.mkfifo(file)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(Path(file).read_bytes()), daemon=True)
    if command[0] == "lock":  # reads the old lock first, and a pipe is none
        return
    reader.start()
    run(command)
    reader.join(20)
    assert stat.S_ISFIFO(os.stat(file).st_mode)
    assert got[0]


def test_a_device_is_written_and_stays(folder: Path) -> None:
    run(["check", "net.toml", "--output", "/dev/null"])
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    with pytest.raises(RequestError, match="/dev/full cannot be written: No space left on device"):
        run(["check", "net.toml", "--output", "/dev/full"])


def test_a_new_file_has_the_mode_of_the_umask(folder: Path) -> None:
    old = os.umask(0o027)
    try:
        run(["lock", "net.toml"])
    finally:
        os.umask(old)
    assert stat.S_IMODE(os.stat("net.lock").st_mode) == 0o640


def test_planted_links_at_temporary_names_are_not_followed(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """Even one at the random name itself, which nobody can guess."""
    monkeypatch.setattr(os, "urandom", lambda n: b"\0" * n)
    (folder / "victim").write_text("mine")
    for name in ("net.lock.part", "net.lock.tmp", f".cnnspec-{'00' * 8}.part"):
        Path(name).symlink_to("victim")
    with pytest.raises(RequestError, match=r"net\.lock cannot be written: File exists"):
        run(["lock", "net.toml"])
    assert (folder / "victim").read_text() == "mine"


@pytest.mark.parametrize(
    "name", ["net.toml", "./net.toml", "link.toml", "{cwd}/net.toml", "blocks/u.toml"]
)
@pytest.mark.parametrize("command", ["check", "verify"])
def test_a_spec_that_was_read_is_not_written_over(command: str, name: str, folder: Path) -> None:
    (folder / "blocks").mkdir()
    Path("blocks/u.toml").write_text('[blocks.u]\nlayers = [{ name = "a", op = "relu" }]\n')
    Path("net.toml").write_text('include = ["blocks/u.toml"]\n' + Path("net.toml").read_text())
    Path("link.toml").symlink_to("net.toml")
    name = name.replace("{cwd}", str(folder))
    before = Path(name).read_bytes()
    arguments = [command, "net.toml", "--output", name]
    done = CliRunner().invoke(cli, arguments + ["--device", "meta"] * (command == "verify"))
    assert done.exit_code == 1
    assert "would be written over" in str(done.exception)
    assert Path(name).read_bytes() == before


def test_a_lock_that_is_a_link_to_its_spec_does_not_replace_it(folder: Path) -> None:
    before = Path("net.toml").read_bytes()
    Path("net.lock").symlink_to("net.toml")
    with pytest.raises(RequestError, match="would be written over"):
        run(["lock", "net.toml"])
    assert Path("net.toml").read_bytes() == before


def test_parallel_runs_do_not_collide(folder: Path) -> None:
    command = [sys.executable, "-m", "cnnspec", "lock", "net.toml"]
    runs = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(4)]
    assert [(r.communicate(timeout=60)[1], r.returncode) for r in runs] == [(b"", 0)] * 4
    run(["check", "net.toml", "--locked", "--strict"])
    assert sorted(os.listdir()) == ["net.lock", "net.toml"]


def test_every_writer_uses_the_one_function() -> None:
    """Only cnnspec/files.py opens files to write them, and docs those of its examples."""
    package = Path(output.__file__).parents[1]
    opens = re.compile(r"""open\([^)]*["'][wax]b?["']|\.write_(text|bytes)\(|mkstemp""")
    found = [
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if opens.search(path.read_text(encoding="utf-8"))
    ]
    assert sorted(found) == ["files.py", "report/reference/language.py"]
