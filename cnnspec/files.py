"""Writing files: completely or not at all, and never over a file that was read."""

import os
import stat

from cnnspec.problems import RequestError, visible

FILES_READ: set[str] = set()  # by this command, which must not write over them


def write_file(path: str, text: str | bytes) -> None:
    """Write a text as UTF-8, or bytes, into a file, completely or not at all.

    Devices and pipes are written, links are followed; neither is replaced. Raises RequestError
    where writing fails, or for a spec that this command has read."""
    target = os.path.realpath(path)
    if target in FILES_READ:
        raise RequestError(
            f"{visible(path)} would be written over, but this command has read it: name another"
            " file"
        )
    data = text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")
    try:
        if is_device(path):
            with open(path, "wb") as device:
                device.write(data)
        else:
            replace_file(target, data)
    except BrokenPipeError:
        return  # the reader of the pipe has stopped
    except (OSError, ValueError) as error:  # ValueError: the name has a null character
        reason = error.strerror if isinstance(error, OSError) else "its name is not valid"
        raise RequestError(f"{visible(path)} cannot be written: {reason}") from None


def is_device(path: str) -> bool:
    """Tell whether a path is a device, a pipe or the like, or a link to one."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def replace_file(path: str, data: bytes) -> None:
    """Write a file under a random name beside ``path``, then rename it. Raises OSError."""
    part = os.path.join(os.path.dirname(path), f".cnnspec-{os.urandom(8).hex()}.part")
    # O_EXCL: never through a link that someone has put there. 0o666 is reduced by the umask.
    number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with open(number, "wb") as file:
            if os.path.isfile(path):
                os.chmod(part, stat.S_IMODE(os.stat(path).st_mode))
            file.write(data)
            file.flush()
            os.fsync(number)
        os.replace(part, path)
    except BaseException:  # also Ctrl-C
        os.remove(part)
        raise
