"""How long `cnnspec check` of 10,000 files takes, compared with parsing them with tomllib."""

import datetime
import json
import os
import platform
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

from cnnspec.spec.zoo import zoo_files

FILES = 10_000
LIMIT = 30.0
SEED = 6


def derive(folder: Path, n: int, seed: int = SEED) -> None:
    """Write ``n`` different specs into a folder, the same for the same seed.

    They are the files of the zoo in turn, with all variants, but with random titles, numbers of
    classes and probabilities of dropout."""
    rng = random.Random(seed)
    texts = [Path(f).read_text(encoding="utf-8") for f in zoo_files()]
    names = [Path(f).stem for f in zoo_files()]
    for i in range(n):
        text, name = texts[i % len(texts)], names[i % len(texts)]
        text = re.sub(r"^(title +=) .*$", rf'\1 "network {i}"', text, count=1, flags=re.M)
        text = re.sub(r"^(args\.classes +=) \d+$", rf"\1 {rng.randint(2, 2000)}", text, flags=re.M)
        text = re.sub(r"\bp = 0\.5\b", f"p = 0.{rng.randint(1, 9)}", text)
        (folder / f"{name}_{i:05}.toml").write_text(text, encoding="utf-8")


def used(who: int) -> float:
    """The CPU seconds (user and system) that this process, or its ended children, has used."""
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def parse(folder: Path) -> None:
    """Read and parse all specs of a folder."""
    for path in sorted(folder.glob("*.toml")):
        tomllib.loads(path.read_text(encoding="utf-8"))


def measure(files: int = FILES) -> dict[str, Any]:
    """Measure both: wall time, CPU time and their ratios. Under load CPU time is more reliable."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        derive(folder, files)
        clock, cpu = time.perf_counter(), used(resource.RUSAGE_SELF)
        parse(folder)
        parsed = {
            "seconds": time.perf_counter() - clock,
            "cpu_seconds": used(resource.RUSAGE_SELF) - cpu,
        }
        clock, cpu = time.perf_counter(), used(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "cnnspec", "check", name, "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        checked = {
            "seconds": time.perf_counter() - clock,
            "cpu_seconds": used(resource.RUSAGE_CHILDREN) - cpu,
        }
    assert done.returncode in (0, 1), done.stderr
    report = json.loads(done.stdout)
    assert len(report["files"]) == files
    ratios = {key: round(checked[key] / parsed[key], 2) for key in parsed}
    return {
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "files": files,
        "networks": report["networks"],
        "findings": len(report["findings"]),
        "parse": {k: round(v, 2) for k, v in parsed.items()},
        "check": {k: round(v, 2) for k, v in checked.items()},
        "ratio": ratios["seconds"],
        "cpu_ratio": ratios["cpu_seconds"],
        "limit": LIMIT,
    }
