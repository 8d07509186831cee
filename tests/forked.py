"""Commands as processes of their own that need not import Dagster again: forks of one process that has done only that.

`run` and `start` take what subprocess.run and Popen take. Where a test is about a terminal, how Python starts or what
is imported, it starts Python: tests/dagster/cli/test_run.py, tests/dagster/components, tests/core.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NoReturn

# Not the command line itself: what it prints on asks for the terminal and the environment as it is imported.
LOADED = (
    "dagster", "dagster.components", "dagster._core.execution.execute_in_process", "dagster._core.workspace.context",
    "dagster._core.storage.event_log.sqlite", "dqx_dagster.suites", "dqx_core.store", "dqx_core.html", "duckdb",
    "pandas", "pyarrow", "pyarrow.parquet", "rich.progress", "rich.table", "sqlalchemy.dialects.sqlite",
    "alembic.command", "sqlglot.dialects.duckdb", "typer",
)  # fmt: skip
LONGEST = 1 << 18
HERE = Path(__file__)


class Server:
    """A process of `python` that has imported modules and forks for every command."""

    def __init__(self, python: Path, modules: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LONGEST)
            self._process = subprocess.Popen(
                [python, "-P", HERE, str(theirs.fileno()), *modules],
                pass_fds=[theirs.fileno()],
                env={**(os.environ if env is None else env), "OPENBLAS_NUM_THREADS": "1"},
                start_new_session=True,
            )
        atexit.register(self.stop)

    def fork(self, request: Mapping[str, Any], streams: Sequence[int]) -> tuple[int, int]:
        """A process with these as its standard streams: its id, and where its exit code will be read."""
        reading, writing = os.pipe()
        try:
            socket.send_fds(self._ours, [json.dumps(request).encode()], [*streams, writing])
        finally:
            os.close(writing)
        return int(_line(reading)), reading

    def stop(self) -> None:
        """End it; what it has forked goes on."""
        self._ours.close()
        self._process.wait()


class Process:
    """A command that runs, as subprocess.Popen shows it."""

    def __init__(self, server: Server, request: Mapping[str, Any], stdout: int | None, stderr: int | None) -> None:
        self.returncode: int | None = None
        self.stdout: IO[str] | None = None
        self.stderr: IO[str] | None = None
        opened = [os.open(os.devnull, os.O_RDWR)]
        streams = [opened[0]]
        for name, wanted in (("stdout", stdout), ("stderr", stderr)):
            if wanted == subprocess.PIPE:
                reading, writing = os.pipe()
                opened.append(writing)
                streams.append(writing)
                setattr(self, name, open(reading, encoding="utf-8"))  # noqa: PTH123, SIM115 - a file of a number
            elif wanted == subprocess.STDOUT:
                streams.append(streams[1])
            else:
                streams.append(opened[0] if wanted == subprocess.DEVNULL else ("stdout", "stderr").index(name) + 1)
        try:
            self.pid, self._code = server.fork(request, streams)
        finally:
            for each in opened:
                os.close(each)

    def poll(self) -> int | None:
        """The exit code, if it has ended."""
        if self.returncode is None and select.select([self._code], [], [], 0)[0]:
            return self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code; of one that was killed, the signal's number below zero."""
        if self.returncode is None:
            if not select.select([self._code], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            self.returncode = int(_line(self._code))
            os.close(self._code)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """All that it writes until it has ended."""
        said = {"stdout": "", "stderr": ""}

        def read(name: str, stream: IO[str]) -> None:
            with stream:
                said[name] = stream.read()

        readers = [
            threading.Thread(target=read, args=(name, stream), daemon=True)
            for name in said
            if (stream := getattr(self, name)) is not None
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(timeout)
        self.wait(timeout)
        return said["stdout"], said["stderr"]


def start(
    command: Sequence[object],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdout: int | None = None,
    stderr: int | None = None,
) -> Process | subprocess.Popen[str]:
    """Start `python -m module …` or `dqx …`."""
    words = [str(word) for word in command]
    if not sys.platform.startswith("linux"):  # a fork elsewhere may not touch what was loaded before it
        return subprocess.Popen(words, cwd=cwd, env=env, stdout=stdout, stderr=stderr, text=True)
    if words[0] == sys.executable:
        assert words[1] == "-m", words
        what, argv = words[2], words[2:]
    else:
        assert Path(words[0]).name == "dqx", words
        what, argv = "dqx_dagster.cli:main", words
    return Process(
        _server(), request_of(what, argv, cwd or Path.cwd(), os.environ if env is None else env), stdout, stderr
    )


def run(
    command: Sequence[object],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    check: bool = False,
    timeout: float | None = 300,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with what it said."""
    done = ended(start(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE), timeout)
    if check:
        done.check_returncode()
    return done


def ended(process: Process | subprocess.Popen[str], timeout: float | None = 300) -> subprocess.CompletedProcess[str]:
    """A process that has ended, with what it said."""
    try:
        out, err = process.communicate(timeout=timeout)
    finally:
        process.kill()
    return subprocess.CompletedProcess(str(process.pid), process.wait(), out, err)


def request_of(what: str, argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> dict[str, Any]:
    """What a server is asked: run a module, or a `module:function`, as a command with these words."""
    return {"what": what, "argv": list(argv), "cwd": str(cwd), "env": dict(env)}


_servers: dict[int, Server] = {}


def _server() -> Server:
    if os.getpid() not in _servers:
        _servers[os.getpid()] = Server(Path(sys.executable), LOADED)
    return _servers[os.getpid()]


def _line(pipe: int) -> str:
    said = b""
    while not said.endswith(b"\n"):
        part = os.read(pipe, 64)
        if not part:
            raise RuntimeError("The process that forks has ended")
        said += part
    return said.decode()


# What follows runs in the process that forks, and in its forks.


def serve(connection: socket.socket) -> None:
    """Fork for every request until nobody can ask any more; tell the exit code of each fork."""
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(ended, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    telling: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([connection, ended], [], [])
        if ended in ready:
            with suppress(BlockingIOError):
                os.read(ended, 4096)
        while telling:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            with suppress(BrokenPipeError):
                os.write(telling[pid], f"{os.waitstatus_to_exitcode(status)}\n".encode())
            os.close(telling.pop(pid))
        if connection in ready:
            message, fds, _, _ = socket.recv_fds(connection, LONGEST, 4)
            if not message:
                return
            pid = os.fork()
            if not pid:
                connection.close()
                for each in (ended, wake, fds[3], *telling.values()):
                    os.close(each)
                _become(json.loads(message), fds[:3])
            os.write(fds[3], f"{pid}\n".encode())
            telling[pid] = fds[3]
            for each in set(fds[:3]):
                os.close(each)


def _become(request: Mapping[str, Any], streams: Sequence[int]) -> NoReturn:
    """Be the process that was asked for, from its streams to its exit code."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    for stream in set(streams):
        os.close(stream)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = request["argv"]
    sys.path.insert(0, request["cwd"])
    code = _call(request["what"])
    with suppress(Exception):
        threading._shutdown()
        atexit._run_exitfuncs()
    for out in (sys.stdout, sys.stderr):
        with suppress(Exception):
            out.flush()
    os._exit(code)


def _call(what: str) -> int:
    """Run it as Python does; its exit code."""
    module, _, function = what.partition(":")
    try:
        if function:
            getattr(importlib.import_module(module), function)()
        else:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as stopped:
        if stopped.code is None or isinstance(stopped.code, int):
            return stopped.code or 0
        print(stopped.code, file=sys.stderr)
        return 1
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    for _name in sys.argv[2:]:
        importlib.import_module(_name)
    gc.collect()
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))
    os._exit(0)
