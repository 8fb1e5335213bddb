"""rules.md: every code that `cnnspec check` reports, and the lint rules with why, a bad example and
a good one."""

from cnnspec.gate.findings import CHECKS, CODES, get_documentation, get_severity, get_title
from cnnspec.graph.build import build_graph
from cnnspec.problems import ERROR_RULES as LANGUAGE
from cnnspec.problems import Problem
from cnnspec.report.formats import grid
from cnnspec.rules.lint import lint_graph
from cnnspec.rules.registry import RULES, load_rule
from cnnspec.rules.rule import LintRule
from cnnspec.spec.source import Source


def pages(reports: str) -> dict[str, str]:
    """The page."""
    return {"rules.md": page()}


def page() -> str:
    """The page as Markdown."""
    lint = [load_rule(code) for code in RULES]
    rows = [[f"[{r.code}](#{r.code.lower()})", r.severity, r.title] for r in lint]
    return f"""# The rules of `cnnspec check`

An error keeps the gate shut, a warning does so with `--strict`, and advice is given to those who ask for it, by
`--advice` or by selecting its code. `--select` and `--ignore` take codes and their beginnings: `S00`, say, or `A`. In a
spec, the comment `# cnnspec: ignore S001: the paper crops` at the end of a line, or alone above it, ignores a rule
there; the reason is part of it. Whole files are ignored in `pyproject.toml`:

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
    return grid(
        ["Code", "Severity", "What it demands"],
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
