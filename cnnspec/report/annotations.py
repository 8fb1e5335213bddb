"""The workflow commands of GitHub, by which a step annotates files: their escapes, and paths as it
knows them."""

import os

from cnnspec.report.formats import plain


def relative(file: str) -> str:
    """A file below the current folder by its path from there, which is what services know; with
    slashes."""
    path = os.path.relpath(file) if os.path.isabs(file) else file
    return (file if path.startswith("..") else path).replace(os.sep, "/")


def message(text: str) -> str:
    """Text for the message of a command."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "%0A".join(plain(line).replace("%", "%25") for line in lines)


def prop(text: str) -> str:
    """Text for a property of a command."""
    return message(text).replace(":", "%3A").replace(",", "%2C")
