"""Write the pages about cnnspec itself, or check that they are up to date."""

import argparse
import sys
from pathlib import Path

from cnnspec.report.pages.folder import diff_stale_pages
from tests.pages import PAGES, render_measured_pages

REPORTS = Path(__file__).parents[2] / "reports"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.pages", description=__doc__)
    parser.add_argument("--folder", type=Path, default=REPORTS, help="the folder of the pages")
    parser.add_argument("--check", action="store_true", help="write nothing; fail for stale pages")
    given = parser.parse_args()
    sys.exit(check_pages(given.folder) if given.check else write_pages(given.folder))


def write_pages(folder: Path) -> int:
    """Write the pages that have changed."""
    for path, text in render_measured_pages(str(folder)).items():
        file = folder / path
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8", newline="\n")
            print(path)
    return 0


def check_pages(folder: Path) -> int:
    """Print a diff of each page that is not up to date; 1 where there is one."""
    pages = render_measured_pages(str(folder))
    faults = list(diff_stale_pages(str(folder), pages))
    faults += [
        f"{name}.md has no data any more: delete it\n"
        for name in PAGES
        if f"{name}.md" not in pages and (folder / f"{name}.md").exists()
    ]
    print("".join(faults), end="")
    print(f"pages not up to date: {len(faults)}" if faults else f"pages up to date: {len(pages)}")
    return 1 if faults else 0


if __name__ == "__main__":
    main()
