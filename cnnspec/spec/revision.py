"""Reads specs at a revision of git: ``FILE.toml@REVISION``, ``FILE.toml:variant@REVISION``.

``NAME@REVISION`` does so for a network of the zoo. Included files are read from the same revision.
"""

import os
import re

from cnnspec.problems import MAX_FILE_PATH, Problem, RequestError, SpecError, Where, visible
from cnnspec.spec.source import MAX_BYTES, Source, decode_text, read_source
from cnnspec.spec.zoo import find_spec

PLAIN_FILE = "100"  # git's modes of regular files begin so; not those of links and folders


def open_spec_at_revision(name: str) -> tuple[Source, str]:
    """Return the source that ``name`` means, and the variant ("" for the first).

    Raises RequestError, and SpecError (T001, T002, T003).
    """
    found = re.fullmatch(r"(.*\.toml(?::[^@]*)?|[^@/\\]+)@(.+)", name, re.S)
    if found is None or os.path.exists(name):
        path, variant = find_spec(name)
        return read_source(path), variant
    path, variant = find_spec(found[1])
    return source_at_revision(path, found[2]), variant


def source_at_revision(path: str, revision: str) -> Source:
    """Read a file of a git repository at a revision. Raises RequestError, SpecError."""
    folder, inner = os.path.split(path)
    while folder and not os.path.isdir(folder):  # it may not exist now
        folder, last = os.path.split(folder)
        inner = os.path.join(last, inner)
    commit = git(
        folder, "rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"
    )
    if commit is None:
        asked, repository = visible(revision, 60), git(folder, "rev-parse", "--git-dir") is not None
        file = visible(path, MAX_FILE_PATH)
        raise RequestError(
            f"{file}: there is no revision {asked!r} in its git repository"
            if repository
            else f"{file} is not in a git repository, so it has no revision {asked!r}"
        )
    return SourceAtRevision(
        path,
        revision,
        folder,
        os.path.dirname(inner),
        commit.decode().strip(),
        os.path.basename(inner),
    )


class SourceAtRevision(Source):
    """A spec at a commit. Its name in problems is ``FILE.toml@REVISION``.

    ``folder`` is a folder that exists now, ``inner`` the path from it to the spec's folder.
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
            name, decode_text(name, read_blob(name, folder, commit, os.path.join(inner, file)))
        )

    def beside(self, file: str) -> Source | None:
        path = os.path.join(os.path.dirname(self.path), file)
        full = os.path.normpath(os.path.join(self.inner, file))
        if not tree_entry(self.folder, self.commit, full):
            return None
        return SourceAtRevision(
            path,
            self.revision,
            self.folder,
            os.path.dirname(full),
            self.commit,
            os.path.basename(full),
        )


def read_blob(name: str, folder: str, commit: str, file: str) -> bytes:
    """Return the bytes of a file at a commit. Raises SpecError (T001) about ``name``."""
    found = tree_entry(folder, commit, file)
    if found is None:
        raise SpecError(
            [Problem(Where(name), "T001", "not a readable spec: the file did not exist")]
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
        raise SpecError([Problem(Where(name), "T001", "not a readable spec: git cannot read it")])
    return raw


def tree_entry(folder: str, commit: str, file: str) -> tuple[str, str, int] | None:
    """Return a file's mode, digest and size at a commit; None if it did not exist."""
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
    """Run git in a folder and return its output, None if it fails. Raises RequestError."""
    import subprocess  # only for revisions

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
