"""The pages language.md and counting.md: the reference that ``cnnspec docs`` prints."""

import re

from cnnspec.report.reference.topics import PAGES, render_page


def render_pages(reports: str) -> dict[str, str]:
    """Return each page of the reference, with a table of contents."""
    return {f"{name}.md": insert_contents(render_page(name)) for name in PAGES}


def insert_contents(page: str) -> str:
    """Return a page with links to its sections before the first of them."""
    titles = [
        line.removeprefix("## ")
        for line in re.sub(r"^```.*?^```$", "", page, flags=re.M | re.S).split("\n")
        if line.startswith("## ")
    ]
    contents = "\n".join(f"- [{title}](#{anchor(title)})" for title in titles)
    head, mark, rest = page.partition("\n## ")
    return f"{head}\n{contents}\n{mark}{rest}"


def anchor(title: str) -> str:
    """Return the anchor that GitHub and GitLab give to a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
