"""A folder as it stood at a revision of git, laid out for as long as it is read."""

import io
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

GIT_TIMEOUT = 60.0


class RevisionUnreadable(Exception):
    """There is no git, no repository, no such revision or no such folder in it; the message says which."""


@contextmanager
def folder_at(revision: str, path: str, *, inside: Path) -> Iterator[Path]:
    """Lay out `path`, as it stood at `revision` of the repository around `inside`; yields the folder.

    Raises:
        RevisionUnreadable: It cannot be had.
    """
    top = Path(_git("rev-parse", "--show-toplevel", inside=inside, wrong=f"{inside} is not in a git repository"))
    commit = _git(
        *("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"),
        inside=top,
        wrong=f"git knows no revision {revision}",
    )
    packed = _run(top, "archive", "--format=tar", commit, "--", path)
    if packed.returncode != 0:
        raise RevisionUnreadable(f"the revision {revision} has no folder {path}")
    with TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
            archive.extractall(folder, filter="data")
        yield Path(folder) / path


def _git(*words: str, inside: Path, wrong: str) -> str:
    said = _run(inside, *words)
    if said.returncode != 0:
        raise RevisionUnreadable(wrong)
    return said.stdout.decode().strip()


def _run(inside: Path, *words: str) -> "subprocess.CompletedProcess[bytes]":
    git = shutil.which("git")
    if git is None:
        raise RevisionUnreadable("git is not installed")
    return subprocess.run(  # noqa: S603 - no shell; an author names a revision of their own repository
        [git, "-C", str(inside), *words], capture_output=True, timeout=GIT_TIMEOUT, check=False
    )
