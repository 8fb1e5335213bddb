"""Run the census; see the package's description."""

import argparse
import os
from pathlib import Path

import tests.census
from tests.census.run import MEMORY, run_census
from tests.census.sources import SAMPLE, list_all_sources


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.census",
        description=tests.census.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sources", nargs="*")
    parser.add_argument("--size", type=int, default=0, help="of the input, for all models")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--memory", type=int, default=MEMORY, help="bytes that an import may have")
    parser.add_argument("--output", type=Path, default=Path("census.json"))
    parser.add_argument("--sample", action="store_true", help="the sample of the long tests")
    parser.add_argument("--retry", action="store_true", help="those that are not proven, again")
    parser.add_argument("--from", dest="listed", type=Path, help="a file with a source a line")
    given = parser.parse_args()
    sources = given.sources or (given.listed.read_text().split() if given.listed else [])
    if given.sample:
        sources = list(SAMPLE)
    sources = sources or list_all_sources()
    run_census(sources, given.size, given.output, given.jobs, given.memory, given.retry)


if __name__ == "__main__":
    main()
