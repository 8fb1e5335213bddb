"""Streams of a command: encodings, pipes, full disks, standard input, and Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

CNNSPEC = [sys.executable, "-m", "cnnspec"]
SPEC = """name = "net"
title = "Größe – 😀"
input = [3, 8, 8]
layers = [
  { name = "a", op = "conv", out_channels = 4, kernel_size = 3 },
]
"""
REMOTE = os.fsdecode(b"n\xff\xfc t.toml")  # a name that is not UTF-8
PAGES = [
    *(["table", "--format", f] for f in ("text", "markdown", "latex", "html", "csv", "json")),
    *(["check", "--format", f] for f in ("full", "json", "github", "gitlab", "sarif", "junit")),
    ["explain"],
    ["draw"],
    ["compare", "--format", "json"],
    ["memory", "--format", "json"],
    ["sizes"],
    ["lock"],
    ["diff", "lenet5"],
]
every_page = pytest.mark.parametrize("args", PAGES, ids=" ".join)


def run(
    args: list[str], name: str = "net.toml", given: bytes = b"", **env: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*CNNSPEC, args[0], name, *args[1:]],
        input=given,
        capture_output=True,
        env=os.environ | env,
        timeout=120,
        check=False,
    )


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("net.toml", REMOTE):
        Path(name).write_text(SPEC, encoding="utf-8")
    return tmp_path


@every_page
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
def test_pages_are_well_formed_in_every_encoding(args: list[str], encoding: str) -> None:
    done = run(args, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    page = done.stdout.decode(encoding)
    if args[-1] in ("json", "sarif", "gitlab"):
        data = json.loads(page)
        assert data == json.loads(run(args).stdout)
    if args[0] == "draw" or args[-1] == "junit":
        xml = page if encoding == "utf-16" else done.stdout.decode("utf-8")
        ElementTree.fromstring(xml.encode())
    if args == ["table", "--format", "html"] and encoding != "utf-16":
        assert "Gr&#246;&#223;e &#8211; &#128512;" in page


@every_page
def test_names_of_files_that_are_not_utf_8(args: list[str]) -> None:
    done = run(args, REMOTE)
    assert (done.returncode, done.stderr) == (0, b"")
    done.stdout.decode()


@every_page
def test_a_spec_on_standard_input(args: list[str]) -> None:
    done = run(args, "-", SPEC.encode())
    if args[0] == "lock":
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr == b"cnnspec: a lock lies beside its spec: name a file, not -\n"
        return
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == run(args).stdout.replace(b"net.toml", b"<stdin>").replace(
        b"&lt;stdin&gt;", b"<stdin>"
    ) or args[0] in ("check", "diff")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (b"", "T003|L002"),
        (b"x = [", "<stdin>:1:1: T003|<stdin>:1:5: T003|<stdin>:1:6: T003"),
        (b"\xff", "<stdin>:1:1: T002"),
        (b"#" * (2**19 + 1), "T001"),
        (SPEC.replace("conv", "cnov").encode(), "<stdin>:5:22: L005"),
    ],
)
def test_a_bad_spec_on_standard_input(given: bytes, message: str) -> None:
    done = run(["table"], "-", given)
    assert (done.returncode, done.stdout) == (2, b"")
    assert any(part.encode() in done.stderr for part in message.split("|"))


def test_standard_input_that_is_closed() -> None:
    done = subprocess.run(
        ["sh", "-c", '"$@" <&-', "sh", *CNNSPEC, "table", "-"], capture_output=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == b"<stdin>: T001 standard input cannot be read\n"


@pytest.mark.parametrize(
    "args",
    [["table", "net.toml"], ["check", "."], ["--help"], ["table", "--help"], ["--version"]],
    ids=" ".join,
)
def test_full_disks(args: list[str]) -> None:
    """One for the output is said; nobody can read one for errors."""
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*CNNSPEC, *args], stdout=full, stderr=subprocess.PIPE, timeout=120, check=False
        )
        assert done.returncode == 2
        assert done.stderr.startswith(b"cnnspec: ")
        assert done.stderr.endswith(b"No space left on device\n")
        for more in ([], ["--nonsense"]):
            code = 2 if more else 0
            done = subprocess.run(
                [*CNNSPEC, *args[:1], *more, *args[1:]],
                stdout=subprocess.DEVNULL,
                stderr=full,
                timeout=120,
                check=False,
            )
            assert done.returncode == code


def test_a_reader_that_has_seen_enough_is_no_fault() -> None:
    Path("n.toml").write_text(
        'name = "n"\ninput = [3]\nlayers = [{ name = "a", op = "relu", repeat = 5000 }]'
    )
    for args in (
        ["table"],
        ["table", "--format", "json"],
        ["table", "--format", "csv"],
        ["explain"],
    ):
        command = [*CNNSPEC, args[0], "n.toml", *args[1:]]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout
            assert process.stderr
            process.stdout.close()
            assert process.stderr.read() == b"", args
            assert process.wait(20) == 0


CLOSED = b"cnnspec: the output cannot be written: Bad file descriptor\n"


@pytest.mark.parametrize(
    ("args", "closed", "expected"),
    [
        ("table lenet5", ">&-", (2, b"", CLOSED)),
        ("check net.toml", ">&-", (2, b"", CLOSED)),
        ("table lenet5", "<&- >&-", (2, b"", CLOSED)),
        ("--version", ">&-", (2, b"", b"cnnspec: Bad file descriptor\n")),
        ("draw lenet5 --output net.svg", ">&-", (0, b"", b"net.svg written\n")),
        ("table lenet5", ">&- 2>&-", (2, b"", b"")),
        ("table lenet55", "2>&-", (2, b"", b"")),
        ("check net.toml", "<&- 2>&-", (0, b"1 file, 1 network: no findings\n", b"")),
    ],
)
def test_streams_that_are_closed(
    args: str, closed: str, expected: tuple[int, bytes, bytes]
) -> None:
    """Output that is lost is an error; an error that is lost does not become output."""
    command = ["sh", "-c", f'"$@" {closed}', "sh", *CNNSPEC, *args.split()]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == expected


def test_an_interrupt_that_torch_catches_is_not_lost() -> None:
    """``python -c`` finds this torch in the current folder."""
    Path("torch").mkdir()
    Path("torch/__init__.py").write_text(
        "import os, signal, time\n"
        "try:\n    os.kill(os.getpid(), signal.SIGINT); time.sleep(5)\n"
        "except BaseException: caught = True\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, "60", "verify", "lenet5"],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr.strip()) == (130, b"cnnspec: interrupted")


@pytest.mark.parametrize(
    "args",
    [
        ["table", "lenet5_geron", "--preset", "architecture"],
        ["list"],
        ["schema"],
        ["--help"],
        ["table", "--help"],
    ],
)
def test_terminals_without_unicode(args: list[str]) -> None:
    env = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    done = subprocess.run([*CNNSPEC, *args], capture_output=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()


# Python itself starts in about 0.05 s; a signal before that is Python's own to report.
INTERRUPTED = """
import os, signal, sys, threading
from cnnspec.__main__ import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
timer = threading.Timer(float(sys.argv.pop(1)), os.kill, (os.getpid(), signal.SIGINT))
timer.daemon = True
timer.start()
main()
"""


@pytest.mark.parametrize(
    "args",
    [["compare", "--all"], ["check", "specs", "--jobs", "2"], ["audit"]],
    ids=" ".join,
)
def test_ctrl_c_ends_a_command_with_130_and_no_traceback(args: list[str]) -> None:
    if args[0] == "check":
        Path("specs").mkdir()
        for i in range(1500):
            Path(f"specs/n{i}.toml").write_text(SPEC, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, "0.3", *args],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    errors = process.communicate(timeout=60)[1]
    assert (process.returncode, errors.strip()) == (130, b"cnnspec: interrupted")


def test_ctrl_c_in_a_terminal_reaches_all_processes_and_none_shows_a_traceback() -> None:
    Path("specs").mkdir()
    for i in range(1500):
        Path(f"specs/n{i}.toml").write_text(SPEC, encoding="utf-8")
    process = subprocess.Popen(
        [*CNNSPEC, "check", "specs", "--jobs", "3"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    time.sleep(1.5)
    os.killpg(process.pid, signal.SIGINT)
    errors = process.communicate(timeout=60)[1]
    assert b"Traceback" not in errors
    assert process.returncode in (0, 130)
