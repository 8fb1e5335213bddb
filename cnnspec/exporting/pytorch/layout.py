"""Lays out statements as ruff format does: a line of at most 88 characters, else split."""

from collections.abc import Iterator

WIDTH = 88
OPEN, CLOSE = "([{", ")]}"


def lay_out(text: str, indent: int, more: int = 0) -> list[str]:
    """Return a statement as lines, split at its brackets where it is too long.

    ``more`` are the characters that follow on its last line.
    """
    pad = " " * indent
    if indent + len(text) + more <= WIDTH:
        return [pad + text]
    found = last_brackets(text[: text.index(" -> ")] if text.startswith("def ") else text)
    if found is None:
        return [pad + text]
    first, last = found
    while indent + first + 1 > WIDTH and (text[first - 1] == ")" or text.startswith("for ")):
        before = last_brackets(text[:first])  # of a call of what a call gives, or of a loop's names
        if before is None:
            break
        first, last = before
    head, body, tail = text[: first + 1], text[first + 1 : last], text[last:]
    is_target = text.startswith("for ") and tail.startswith(") in ")
    if indent + 4 + len(body) <= WIDTH and not is_target:
        return [pad + head, " " * (indent + 4) + body, pad + tail]
    lines = [pad + head]
    items = [*split_at_commas(body)]
    for item in items:
        one = lay_out(item.strip(), indent + 4, 1)
        one[-1] += ","
        lines += one
    return [*lines, pad + tail]


def last_brackets(text: str) -> tuple[int, int] | None:
    """Return the places of the last closing bracket and of the one that opens it."""
    stack: list[int] = []
    found = None
    for i, c in code_characters(text):
        if c in OPEN:
            stack.append(i)
        elif c in CLOSE:
            found = stack.pop(), i
    return found


def split_at_commas(text: str) -> Iterator[str]:
    """Yield the items between the commas that are not inside brackets."""
    depth, start = 0, 0
    for i, c in code_characters(text):
        depth += (c in OPEN) - (c in CLOSE)
        if c == "," and not depth:
            yield text[start:i]
            start = i + 1
    if text[start:].strip():
        yield text[start:]


def code_characters(text: str) -> Iterator[tuple[int, str]]:
    """Yield the characters of code that are not inside a text, with their places."""
    quote = ""
    for i, c in enumerate(text):
        if quote:
            quote = "" if c == quote and text[i - 1] != "\\" else quote
        elif c in "\"'":
            quote = c
        else:
            yield i, c
