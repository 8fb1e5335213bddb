"""rules.md: every code that `cnnspec check` reports, and the lint rules with why, a bad example and
a good one."""

from cnnspec.gate.findings import CHECKS, CODES, get_documentation, get_severity, get_title
from cnnspec.graph.build import build_graph
from cnnspec.problems import ERROR_RULES as LANGUAGE
from cnnspec.problems import Problem
from cnnspec.report.formats import render_grid
from cnnspec.rules.lint import lint_graph
from cnnspec.rules.registry import RULES, load_rule
from cnnspec.rules.rule import LintRule
from cnnspec.spec.source import Source


def render_pages(reports: str) -> dict[str, str]:
    """The page. Reads nothing in ``reports``."""
    return {"rules.md": render_rules_page()}


def render_rules_page() -> str:
    """The lint rules one by one, then the other codes in tables."""
    lint = [load_rule(code) for code in RULES]
    rows = [[f"[{r.code}](#{r.code.lower()})", r.severity, r.title] for r in lint]
    return f"""# The rules of `cnnspec check`

An error fails the check. A warning fails it with `--strict`. Advice is shown only with `--advice`
or if its code is selected. `--select` and `--ignore` take codes and prefixes of codes, such as
`S00` or `A`. In a spec, the comment `# cnnspec: ignore S001: the paper crops`, at the end of a line
or alone above it, ignores a rule for that line; the reason is required. Rules are ignored for
whole files in `pyproject.toml`:

```toml
[tool.cnnspec]
strict = true
extend-select = ["A003"]

[tool.cnnspec.per-file-ignores]
"specs/vgg.toml" = {{ A001 = "torchvision's have these biases" }}
```

## Lint rules

{links(rows)}

{chr(10).join(map(section, lint))}
## Budgets, claims, locks and ignores

{codes([code for code in CODES if code in CHECKS])}

## The language

What is wrong with a spec as such is always an error, and cannot be ignored: T is about the file, L about the language,
D about dimensions and shapes.

{codes(list(LANGUAGE))}
"""


def links(rows: list[list[str]]) -> str:
    """The lint rules, each with a link to its section."""
    return "\n".join(
        [
            "| Code | Severity | Networks pass where |",
            "|:---|:---|:---|",
            *[f"| {' | '.join(row)} |" for row in rows],
        ]
    )


def codes(listed: list[str]) -> str:
    return render_grid(
        ["Code", "Severity", "Requirement"],
        [[c, get_severity(c), get_title(c)] for c in listed],
        [False] * 3,
        "markdown",
    )


def section(r: LintRule) -> str:
    """One rule: what it demands, why, what it finds in its bad example, and the good one."""
    found = lint_graph(build_graph(Source("net.toml", r.bad.lstrip("\n"))), [r.code])
    return f"""### {r.code}

*{r.title[0].upper()}{r.title[1:]}* ({r.severity}). {get_documentation(r.code)}

```toml
{r.bad.strip()}
```

```console
{chr(10).join(map(str, map(marked, found)))}
```

Passes:

```toml
{r.good.strip()}
```
"""


def marked(problem: Problem) -> Problem:
    """A finding as the terminal shows it."""
    level = get_severity(problem.rule)
    return problem if level == "error" else problem.replace(message=f"{problem.message} [{level}]")
