"""Forbid connections while a user's model is built and run: an import needs no weights."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cnnspec.problems import RequestError, visible

NO_WEIGHTS = (
    "An import needs no weights: give the factory an argument that loads none, such as --arg"
    " weights=None or --arg pretrained=False"
)
NO_DOWNLOADS = "An import needs no data: give the factory an argument that downloads nothing"


class ConnectionForbidden(OSError):
    """A connection that is not opened."""


@contextmanager
def forbid_network(action: str, remedy: str = NO_WEIGHTS) -> Iterator[None]:
    """Let every connection fail inside, and say so where the action then fails.

    ``action`` is what runs inside, such as "building the model", and ``remedy`` a sentence that
    says what would mend it. Raises RequestError."""
    asked: list[str] = []

    def refuse(*args: Any, **kwargs: Any) -> Any:
        texts = [str(a[0] if isinstance(a, tuple) else a) for a in args]
        asked.extend([t for t in texts if not t.startswith("<")][:1])
        raise ConnectionForbidden("cnnspec opens no connections")

    before = socket.getaddrinfo, socket.socket.connect
    socket.getaddrinfo = refuse
    socket.socket.connect = refuse  # type: ignore[method-assign]
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException:
        if not asked:
            raise
        raise RequestError(
            f"{action} opens a connection to {visible(asked[0], 100)}. {remedy}"
        ) from None
    finally:
        socket.getaddrinfo, socket.socket.connect = before  # type: ignore[method-assign]
