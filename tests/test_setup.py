"""make sets the environment up also where uv cannot be had, and says so."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def wheel(folder, name):
    """A wheel of a package that holds nothing, and its line in a lock."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{name}.py", "")
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: us\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")
    return f"{name}==1.0 \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@pytest.fixture
def clone(tmp_path):
    """The Makefile and the locks, and an index that has one package and nothing else."""
    for name in ("Makefile", "pyproject.toml", "requirements-uv.lock"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "index").mkdir()
    (tmp_path / "requirements.lock").write_text(wheel(tmp_path / "index", "locked"))
    return tmp_path


def set_up(clone, *arguments):
    settings = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(clone / "index"), "PIP_CONFIG_FILE": os.devnull}
    return subprocess.run(
        ["make", f"PYTHON={sys.executable}", "PROJECT=--no-deps locked", *arguments, ".venv/.ready"],
        cwd=clone, env={**os.environ, **settings}, check=False, capture_output=True, text=True,
    )  # fmt: skip


def installed(clone):
    return [path.name for path in clone.glob(".venv/lib/python*/site-packages/locked.py")]


def pip_did_it_because(clone):
    """What kept uv from it."""
    done = set_up(clone)
    assert done.returncode == 0, done.stderr
    assert "uv cannot do it here (.venv/uv.log says why): pip does" in done.stdout
    assert installed(clone)
    return (clone / ".venv/uv.log").read_text()


def test_where_uv_cannot_be_had_pip_installs_what_is_locked(clone):
    assert "No matching distribution found for uv==" in pip_did_it_because(clone)


def test_where_uv_does_not_find_what_pip_finds_pip_installs_it(clone):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", clone / ".venv"], check=True)
    [packages] = clone.glob(".venv/lib/python*/site-packages")
    version = (clone / "requirements-uv.lock").read_text("utf-8").split()[0].removeprefix("uv==")
    (packages / f"uv-{version}.dist-info").mkdir()
    (packages / f"uv-{version}.dist-info/METADATA").write_text(f"Metadata-Version: 2.1\nName: uv\nVersion: {version}\n")
    (packages / "uv.py").write_text("raise SystemExit('locked was not found in the package registry')")

    assert "locked was not found" in pip_did_it_because(clone)


def test_pip_does_it_when_it_is_asked_to(clone):
    done = set_up(clone, "INSTALLER=pip")

    assert done.returncode == 0, done.stderr
    assert "uv" not in done.stdout
    assert installed(clone)


def test_what_was_changed_after_it_was_locked_is_not_installed(clone):
    (clone / "index/locked-1.0-py3-none-any.whl").write_bytes(b"something else")
    done = set_up(clone)

    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert not (clone / ".venv/.ready").exists()
