"""Specs as they were at a revision of git: ``FILE.toml@REVISION``, ``FILE.toml:variant@REVISION``,
``NAME@REVISION``.

The files that such a spec includes are read from the same revision.
"""

import os
import re

from cnnspec.problems import Problem, RequestError, SpecError, Where, visible
from cnnspec.spec.source import MAX_BYTES, Source, decode_text, read_source
from cnnspec.spec.zoo import find_spec

PLAIN_FILE = (  # how git's modes of regular files begin; links, folders and submodules have others
    "100"
)


def open_spec_at_revision(name: str) -> tuple[Source, str]:
    """The source that ``name`` means, at a revision where it says one, and the variant ("" for the
    first).

    Raises RequestError, and SpecError (T001, T002, T003).
    """
    found = re.fullmatch(r"(.*\.toml(?::[^@]*)?|[^@/\\]+)@(.+)", name, re.S)
    if found is None or os.path.exists(name):
        path, variant = find_spec(name)
        return read_source(path), variant
    path, variant = find_spec(found[1])
    return source_at_revision(path, found[2]), variant


def source_at_revision(path: str, revision: str) -> Source:
    """The source in a file of a git repository, as it was at a revision. Raises RequestError,
    SpecError."""
    folder, inner = os.path.split(path)
    while folder and not os.path.isdir(folder):  # it may be gone by now
        folder, last = os.path.split(folder)
        inner = os.path.join(last, inner)
    commit = git(
        folder, "rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"
    )
    if commit is None:
        asked, repository = visible(revision, 60), git(folder, "rev-parse", "--git-dir") is not None
        raise RequestError(
            f"{visible(path)}: there is no revision {asked!r} in its git repository"
            if repository
            else f"{visible(path)} lies in no git repository, so it has no revision {asked!r}"
        )
    return Then(
        path,
        revision,
        folder,
        os.path.dirname(inner),
        commit.decode().strip(),
        os.path.basename(inner),
    )


class Then(Source):
    """A spec as it was at a commit; problems call it ``FILE.toml@REVISION``.

    ``folder`` is one that is there now, ``inner`` the path of the spec's folder from it.
    """

    def __init__(self, path: str, revision: str, folder: str, inner: str, commit: str, file: str):
        """Read and parse the file. Raises SpecError (T001, T002, T003)."""
        self.path, self.revision, self.folder, self.inner, self.commit = (
            path,
            revision,
            folder,
            inner,
            commit,
        )
        name = f"{path}@{revision}"
        super().__init__(
            name, decode_text(name, blob(name, folder, commit, os.path.join(inner, file)))
        )

    def beside(self, file: str) -> Source | None:
        path = os.path.join(os.path.dirname(self.path), file)
        full = os.path.normpath(os.path.join(self.inner, file))
        if not entry(self.folder, self.commit, full):
            return None
        return Then(
            path,
            self.revision,
            self.folder,
            os.path.dirname(full),
            self.commit,
            os.path.basename(full),
        )


def blob(name: str, folder: str, commit: str, file: str) -> bytes:
    """The bytes of a file at a commit, of which ``name`` tells problems. Raises SpecError
    (T001)."""
    found = entry(folder, commit, file)
    if found is None:
        raise SpecError(
            [Problem(Where(name), "T001", "not a readable spec: there was no such file")]
        )
    mode, digest, size = found
    if not mode.startswith(PLAIN_FILE):
        raise SpecError(
            [Problem(Where(name), "T001", "not a readable spec: it was not a regular file")]
        )
    if size > MAX_BYTES:
        message = f"a spec has at most {MAX_BYTES:,} bytes, this file had {size:,}"
        raise SpecError([Problem(Where(name), "T001", message)])
    raw = git(folder, "cat-file", "blob", digest)
    if raw is None:
        raise SpecError([Problem(Where(name), "T001", "not a readable spec: git cannot give it")])
    return raw


def entry(folder: str, commit: str, file: str) -> tuple[str, str, int] | None:
    """A file's mode, digest and size at a commit, None where it was not there."""
    listed = git(
        folder,
        "--literal-pathspecs",
        "ls-tree",
        "-l",
        "-z",
        commit,
        "--",
        file.replace(os.sep, "/"),
    )
    if not listed:
        return None
    mode, _, digest, size = listed.partition(b"\t")[0].decode().split()
    return mode, digest, int(size) if size.isdigit() else 0


def git(folder: str, *arguments: str) -> bytes | None:
    """What git prints when it is called in a folder, None where it fails. Raises RequestError
    without git."""
    import subprocess  # wanted for revisions only

    try:
        done = subprocess.run(
            ["git", "-C", folder or ".", *arguments],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name is not valid"
        raise RequestError(f"git cannot be called, which a revision needs: {reason}") from None
    return done.stdout if done.returncode == 0 else None
