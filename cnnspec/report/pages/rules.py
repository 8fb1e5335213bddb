"""rules.md: every code that cnnspec check reports, and the documentation of each lint rule."""

from cnnspec.gate.findings import CHECKS, get_documentation, get_severity, get_title
from cnnspec.graph.build import build_graph
from cnnspec.problems import ERROR_RULES
from cnnspec.report.formats import render_grid
from cnnspec.rules.registry import RULES, lint_graph, load_rule
from cnnspec.rules.rule import ERROR
from cnnspec.spec.source import Source


def render_pages(reports: str) -> dict[str, str]:
    """Return the page by its name. Reads nothing in ``reports``."""
    return {"rules.md": render_rules_page()}


def render_rules_page() -> str:
    """Return the lint rules one by one, then the other codes in tables."""
    sections = "\n".join(f"### {code}\n\n{render_rule(code)}" for code in RULES)
    checks = "\n\n".join(f"### {code}\n\n{render_check(code)}" for code in CHECKS)
    return f"""# The rules of `cnnspec check`

The first letter of a code says where a finding comes from:

| Letter | From | Severity | Can be ignored |
|:---|:---|:---|:---|
| S | [lint: sliding windows](#lint-rules) | error, warning or advice | yes |
| A | [lint: architecture](#lint-rules) | error, warning or advice | yes |
| B, C, K | [budgets, claims, locks](#budgets-claims-locks-and-ignores) | error or warning | yes |
| G | [ignore comments](#budgets-claims-locks-and-ignores) | error or warning | no |
| T | [reading the file](#errors) | error | no |
| L | [the language](#errors) | error | no |
| D | [dimensions and shapes](#errors) | error | no |

An error fails the check. A warning fails it with `--strict`. Advice is shown only with `--advice`
or if its code is selected. `--select` and `--ignore` take codes and prefixes of codes, such as
`S00` or `A`; they do not apply to T, L and D, because such a spec has no network to check.

In a spec, the comment `# cnnspec: ignore S001: the paper crops`, at the end of a line or alone
above it, ignores a rule for that line; the reason is required. Rules are ignored for whole files
in `pyproject.toml`:

```toml
[tool.cnnspec]
strict = true
extend-select = ["A003"]

[tool.cnnspec.per-file-ignores]
"specs/vgg.toml" = {{ A001 = "torchvision's have these biases" }}
```

## Lint rules

{render_links(list(RULES))}

{sections}
## Budgets, claims, locks and ignores

{checks}

## Errors

These mean that a spec has no network to check. They are always reported and cannot be ignored.

{render_codes(list(ERROR_RULES))}
"""


def render_check(code: str) -> str:
    """Return a code that is not a lint rule: requirement and documentation."""
    title = get_title(code)
    return f"*{title[0].upper()}{title[1:]}* ({get_severity(code)}).\n\n{get_documentation(code)}"


def render_links(codes: list[str]) -> str:
    """Return a table of lint rules with links to their sections."""
    rows = [f"| [{c}](#{c.lower()}) | {get_severity(c)} | {get_title(c)} |" for c in codes]
    heading = "| Code | Severity | Requirement |\n|:---|:---|:---|\n"
    return heading + "\n".join(rows)


def render_codes(codes: list[str]) -> str:
    """Return a table of codes that have no section of their own."""
    rows = [[code, get_severity(code), get_title(code)] for code in codes]
    return render_grid(["Code", "Severity", "Requirement"], rows, [False] * 3, "markdown")


def render_rule(code: str) -> str:
    """Return a lint rule: requirement, documentation, bad example and finding, good example."""
    rule = load_rule(code)
    bad, good = rule.bad.strip(), rule.good.strip()
    findings = []
    for problem in lint_graph(build_graph(Source("net.toml", bad)), [code]):
        level = "" if rule.severity == ERROR else f" [{rule.severity}]"
        findings.append(str(problem.replace(message=f"{problem.message}{level}")))
    return f"""*{rule.title[0].upper()}{rule.title[1:]}* ({rule.severity}).

{get_documentation(code)}

```toml
{bad}
```

```console
{chr(10).join(findings)}
```

Passes:

```toml
{good}
```
"""
