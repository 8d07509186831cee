"""The code location that is judged: found and imported as `dagster` does it, and what to say when it does not load."""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import dagster as dg

from dqx_core.errors import DefinitionError, hint
from dqx_dagster.dagster_internals import CodePointer, code_pointers, environment_file, known_previews, repositories


class CodeLocationError(DefinitionError):
    """The code location that was asked for does not load; the message names the cause."""


@dataclass(frozen=True)
class Where:
    """The options that name a code location, as those of `dagster`."""

    module_name: Sequence[str] = ()
    python_file: Sequence[str] = ()
    workspace: Sequence[str] = ()
    package_name: Sequence[str] = ()
    working_directory: str | None = None
    attribute: str | None = None
    location: str | None = None
    """Which one, where there are several."""


@dataclass(frozen=True)
class Location:
    """A code location in this process."""

    name: str
    repository: dg.RepositoryDefinition
    file: str | None
    """The file it begins in, relative to the current folder if it is below it."""


def load(where: Where) -> Location:
    """Import the code location, with the variables of the folder's `.env`, as `dagster` does.

    Raises:
        CodeLocationError: There is none, there are several, or it does not load.
    """
    for name, value in environment_file(str(Path.cwd())).items():
        os.environ.setdefault(name, value)
    pointer = _chosen(_pointers(where), where.location)
    if pointer.other_python or pointer.target == "a gRPC server":
        raise CodeLocationError(
            f"The code location '{pointer.name}' runs in {pointer.other_python or pointer.target}, and dqx ci runs "
            "checks in its own process. Run the dqx of that environment, with -m or -f."
        )
    try:
        with known_previews():
            found = repositories(pointer)
            for repository in found:
                repository.load_all_definitions()
    except (Exception, SystemExit) as error:
        raise CodeLocationError(
            f"The code location '{pointer.name}' does not load. {cause(error)} "
            f"To see where it came from: dqx --debug ci, or dagster definitions validate."
        ) from error
    if len(found) != 1:
        names = ", ".join(sorted(repository.name for repository in found))
        raise CodeLocationError(
            f"The code location '{pointer.name}' holds {len(found)} repositories"
            f"{f' ({names})' if names else ': neither a Definitions object nor an asset'}. "
            "dqx ci judges one: name its variable with -a."
        )
    return Location(pointer.name, found[0], _file(pointer))


def _pointers(where: Where) -> list[CodePointer]:
    try:
        return code_pointers(
            workspace=where.workspace,
            python_file=where.python_file,
            module_name=where.module_name,
            package_name=where.package_name,
            working_directory=where.working_directory,
            attribute=where.attribute,
        )
    except click.UsageError as error:
        if "No arguments given" in error.message:
            raise CodeLocationError(
                f"There is no code location in {Path.cwd()}: neither [tool.dagster] nor [tool.dg] in a pyproject.toml, "
                "nor a workspace.yaml. Name a module with -m, a file with -f or a workspace with -w, as for dagster."
            ) from error
        raise CodeLocationError(
            "-m, -f, -w and --package-name exclude each other, -w goes without -d and -a: name one code location."
        ) from error
    except Exception as error:
        raise CodeLocationError(f"The code location cannot be found. {cause(error)}") from error


def _chosen(pointers: Sequence[CodePointer], name: str | None) -> CodePointer:
    named = [pointer for pointer in pointers if name in (None, pointer.name)]
    if len(named) == 1:
        return named[0]
    if not pointers:
        raise CodeLocationError("The workspace names no code location.")
    names = [pointer.name for pointer in pointers]
    if name is None or name in names:
        raise CodeLocationError(
            f"There are {len(pointers)} code locations: {', '.join(names)}. Choose one with --location."
        )
    raise CodeLocationError(f"There is no code location '{name}'. {hint(name, names)}")


def cause(error: BaseException) -> str:
    """What went wrong first, in one sentence, with the user's line where it did."""
    root = error
    while (before := root.__cause__ or (None if root.__suppress_context__ else root.__context__)) is not None:
        root = before
    # A syntax error names its file and line itself, without the folder.
    said = " ".join(str(root.msg if isinstance(root, SyntaxError) else root).split()) or "no message"
    return f"{type(root).__name__}: {said.rstrip('.')}{_line(root)}."


def _line(error: BaseException) -> str:
    """Where in the user's files, the innermost: below the current folder, not in an environment."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({_relative(error.filename)}, line {error.lineno})"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        shown = _relative(frame.filename)
        if not Path(shown).is_absolute() and not shown.startswith("<") and "site-packages" not in shown:
            return f" ({shown}, line {frame.lineno})"
    return ""


def _relative(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def _file(pointer: CodePointer) -> str | None:
    import sys

    if pointer.python_file:
        return _relative(str(Path(pointer.python_file).absolute()))
    module = sys.modules.get(pointer.target)
    return _relative(module.__file__) if module is not None and module.__file__ else None
