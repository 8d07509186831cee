"""A program in a real pseudo-terminal: what it shows is read, and lines are typed."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


class Terminal:
    """Runs a program until it ends or the terminal is closed."""

    def __init__(self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> None:
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=dict(env), cwd=cwd, start_new_session=True
        )
        os.close(slave)
        self._unread = ""
        self.shown = ""

    def expect(self, text: str, *, seconds: float = 30) -> None:
        """Wait until a text is shown after the last one that was waited for."""
        until = time.monotonic() + seconds
        while text not in self._unread:
            if time.monotonic() > until or not self._read():
                raise AssertionError(f"'{text}' did not come. After the last answer: {self._unread}")
        self._unread = self._unread.partition(text)[2]

    def type(self, line: str = "") -> None:
        """Type a line."""
        os.write(self._master, f"{line}\n".encode())

    def interrupt(self) -> None:
        """Press Ctrl-D."""
        os.write(self._master, b"\x04")

    def end(self) -> int:
        """Read what is left; the exit code."""
        while self._read():
            pass
        os.close(self._master)
        return self._process.wait(timeout=30)

    def _read(self) -> bool:
        if not select.select([self._master], [], [], 30)[0]:
            return False
        try:
            found = os.read(self._master, 65_536).decode("utf-8", "replace")
        except OSError:  # Linux says so when the program has ended
            return False
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", found)
        self._unread += plain
        self.shown += plain
        return bool(found)
