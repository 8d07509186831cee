"""The options of `dqx ci`: parse, judge, print, write, and tell the pipeline."""

from __future__ import annotations

import os
import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dqx_core.errors import DefinitionError, DqxError, EngineError
from dqx_dagster.cli.printing import err, out

if TYPE_CHECKING:
    from dqx_dagster.cli.ci.gate import Settings
    from dqx_dagster.cli.ci.location import Where
    from dqx_dagster.cli.ci.verdicts import Gate

app = typer.Typer(rich_markup_mode="markdown")

WHERE, WHAT, STRICT, TELL = "Code location", "What is judged", "What fails the build", "What is written"


class FailOn(StrEnum):
    """From which severity on a failure counts."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    ANY = "any"


def _option(*names: str, panel: str, **more: Any) -> Any:
    return typer.Option(*names, rich_help_panel=panel, **more)


@app.callback(invoke_without_command=True)
def ci(
    context: typer.Context,
    module_name: Annotated[
        list[str] | None,
        _option("--module-name", "-m", panel=WHERE, envvar="DAGSTER_MODULE_NAME", help="Module with the definitions."),
    ] = None,
    python_file: Annotated[
        list[str] | None,
        _option("--python-file", "-f", panel=WHERE, envvar="DAGSTER_PYTHON_FILE", help="File with the definitions."),
    ] = None,
    workspace: Annotated[
        list[str] | None, _option("--workspace", "-w", panel=WHERE, help="Workspace file, such as workspace.yaml.")
    ] = None,
    working_directory: Annotated[
        str | None,
        _option(
            "--working-directory",
            "-d",
            panel=WHERE,
            envvar="DAGSTER_WORKING_DIRECTORY",
            help="Folder that modules are imported from.",
        ),
    ] = None,
    package_name: Annotated[
        list[str] | None,
        _option("--package-name", panel=WHERE, envvar="DAGSTER_PACKAGE_NAME", help="Package with the definitions."),
    ] = None,
    attribute: Annotated[
        str | None,
        _option("--attribute", "-a", panel=WHERE, envvar="DAGSTER_ATTRIBUTE", help="Variable with the definitions."),
    ] = None,
    location: Annotated[
        str | None, _option("--location", "-l", panel=WHERE, help="Which code location, if there are several.")
    ] = None,
    select: Annotated[
        list[str] | None,
        _option("--select", panel=WHAT, help="Assets in Dagster's selection syntax; all if left out."),
    ] = None,
    partition: Annotated[
        list[str] | None,
        _option(
            "--partition",
            panel=WHAT,
            help="A partition key, such as 2024-01-31 or '2024-01-31|train'; a date alone means all its splits. "
            "May be repeated.",
        ),
    ] = None,
    partitions: Annotated[
        list[str] | None, _option("--partitions", panel=WHAT, help="A range: 2024-01-08...2024-01-14.")
    ] = None,
    latest: Annotated[
        int | None, _option("--latest", panel=WHAT, help="The last so many dates; 1 if left out.")
    ] = None,
    checks_only: Annotated[
        bool, _option("--checks-only", panel=WHAT, help="Judge what is there; materialize nothing.")
    ] = False,
    configured: Annotated[
        bool,
        _option(
            "--configured",
            panel=WHAT,
            help="Run in the instance of DAGSTER_HOME, with the configured store and folders, and keep the results. "
            "Without, all of it is temporary, and the configured store and folders are only read.",
        ),
    ] = False,
    history: Annotated[
        bool,
        _option(
            "--history/--no-history",
            panel=WHAT,
            help="Whether yesterday's numbers come from the configured store, which is only read.",
        ),
    ] = True,
    bigquery_dataset: Annotated[
        str | None,
        _option(
            "--bigquery-dataset",
            panel=WHAT,
            envvar="DQX_CI_BIGQUERY_DATASET",
            help="BigQuery dataset that partitions are written to, in place of the configured one; made if it is not "
            "there, and it stays.",
        ),
    ] = None,
    fail_on: Annotated[
        FailOn,
        _option("--fail-on", panel=STRICT, case_sensitive=False, help="From which severity on a failure counts."),
    ] = FailOn.P1,
    allow_skipped: Annotated[
        bool,
        _option("--allow-skipped", panel=STRICT, help="A check may be skipped, for want of history say."),
    ] = False,
    baseline: Annotated[
        str | None,
        _option(
            "--baseline",
            panel=STRICT,
            help="Compare the numbers with 'production' (the newest in the configured store), another store's URL, or "
            "an execution.",
        ),
    ] = None,
    max_change: Annotated[
        str | None,
        _option("--max-change", panel=STRICT, help="Fail if a number moved by more against the baseline: 5%."),
    ] = None,
    junit: Annotated[Path | None, _option("--junit", panel=TELL, metavar="FILE", help="JUnit XML.")] = None,
    json: Annotated[
        Path | None,
        _option("--json", panel=TELL, metavar="FILE", help="JSON, as `dqx ci schema` describes; - prints it."),
    ] = None,
    markdown: Annotated[
        Path | None, _option("--markdown", panel=TELL, metavar="FILE", help="Markdown, worst first; - prints it.")
    ] = None,
    sarif: Annotated[Path | None, _option("--sarif", panel=TELL, metavar="FILE", help="SARIF 2.1.0.")] = None,
) -> None:
    """Run the checks of a Dagster code location and tell the pipeline whether they pass.

    The code location is found as `dagster dev` finds it. Assets and their checks run in this process, in a temporary
    instance with a temporary metric store: nothing is kept, and production is only read.

    Exit codes: 0 all that count passed; 1 a failure that counts; 2 usage, or the code location does not load; 3 the
    engine, the store or an asset broke; 4 a check gave no result.

    Example: dqx ci --select shop_daily --partitions 2024-01-08...2024-01-14 --junit dqx.xml
    """
    if context.invoked_subcommand is not None:
        return
    from dqx_core.report import Severity
    from dqx_dagster.cli.ci.gate import Settings
    from dqx_dagster.cli.ci.location import Where
    from dqx_dagster.cli.ci.spans import Wanted

    where = Where(
        tuple(module_name or ()),
        tuple(python_file or ()),
        tuple(workspace or ()),
        tuple(package_name or ()),
        working_directory,
        attribute,
        location,
    )
    if configured and bigquery_dataset is not None:
        raise DefinitionError("--configured writes where it is configured, --bigquery-dataset elsewhere: name one.")
    if max_change is not None and baseline is None:
        raise DefinitionError("--max-change says how far numbers may move from a baseline: name it with --baseline.")
    settings = Settings(
        select=tuple(select or ()),
        wanted=Wanted(tuple(partition or ()), tuple(partitions or ()), latest),
        checks_only=checks_only,
        configured=configured,
        history=history,
        fail_on=Severity.P3 if fail_on is FailOn.ANY else Severity(fail_on),
        allow_skipped=allow_skipped,
        baseline=baseline,
        max_change=None if max_change is None else _share(max_change),
        dataset=bigquery_dataset,
    )
    files = {"junit": junit, "json": json, "markdown": markdown, "sarif": sarif}
    _check_writable(files)
    gate = _judged(where, settings)
    _tell(gate, files)
    raise typer.Exit(int(gate.exit_code))


@app.command()
def schema() -> None:
    """Print the JSON Schema of what `dqx ci --json` writes.

    Example: dqx ci schema > dqx-ci.schema.json
    """
    from dqx_dagster.cli.ci.record import schema as text

    out.file.write(text())


class Host(StrEnum):
    """Where pipelines run."""

    GITHUB = "github"
    GITLAB = "gitlab"


@app.command()
def init(
    context: typer.Context,
    host: Annotated[Host, typer.Argument(help="Whose pipelines.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file, if it is there.")] = False,
) -> None:
    """Write a workflow file that works as it is.

    Example: dqx ci init github

    It gets the options that stand before `init`, as in `dqx ci --latest 3 --baseline production init github`.
    """
    from dqx_dagster.cli.ci import workflows

    assert context.parent is not None
    options = _typed(context.parent)
    here = Path()
    if host is Host.GITHUB:
        workflows.write(workflows.GITHUB_FILE, workflows.github(here, options), force=force)
        out.print(f"Wrote {workflows.GITHUB_FILE}. Commit it, and the next pull request is judged.", soft_wrap=True)
        return
    workflows.write(workflows.GITLAB_FILE, workflows.gitlab(here, options), force=force)
    if workflows.GITLAB_MAIN.exists():
        if str(workflows.GITLAB_FILE) in workflows.GITLAB_MAIN.read_text("utf-8"):
            out.print(f"Wrote {workflows.GITLAB_FILE}, which {workflows.GITLAB_MAIN} includes.", soft_wrap=True)
            return
        out.print(f"Wrote {workflows.GITLAB_FILE}. Add this to {workflows.GITLAB_MAIN}:\n", soft_wrap=True)
        out.print(workflows.INCLUDE, markup=False)
        return
    workflows.write(workflows.GITLAB_MAIN, workflows.INCLUDE, force=force)
    out.print(
        f"Wrote {workflows.GITLAB_FILE} and {workflows.GITLAB_MAIN}. Commit them: the next merge request is judged.",
        soft_wrap=True,
    )


def _typed(context: Any) -> list[str]:
    """The options of `dqx ci` as they were typed, for a file that calls it again; the latest date if none."""
    words: list[str] = []
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        source = context.get_parameter_source(parameter.name or "")
        if source is None or source.name != "COMMANDLINE" or parameter.name in {"junit", "json", "markdown", "sarif"}:
            continue
        name = next((opt for opt in parameter.opts if opt.startswith("--")), parameter.opts[0])
        if isinstance(value, bool):
            words.append(name if value else parameter.secondary_opts[0])
        else:
            for each in value if isinstance(value, list | tuple) else [value]:
                words += [name, shlex.quote(str(each))]
    named = any(word in {"--partition", "--partitions", "--latest"} for word in words)
    return words if named else [*words, "--latest", "1"]


def _share(text: str) -> float:
    """5% or 0.05."""
    try:
        share = float(text.strip().removesuffix("%")) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share < float("inf"):
        raise DefinitionError(f"--max-change {text} is not a share. Write it as 5% or 0.05.")
    return share


def _judged(where: Where, settings: Settings) -> Gate:
    from dqx_dagster.cli.ci.gate import judge
    from dqx_dagster.cli.ci.location import cause, load
    from dqx_dagster.dagster_internals import known_previews

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("Loading", total=None)
        loaded = load(where)
        bar.update(task, description=f"Judging {loaded.name}")
        try:
            with known_previews():
                return judge(loaded, settings, lambda done, total: bar.update(task, completed=done, total=total))
        except DqxError:
            raise
        except Exception as error:
            raise EngineError("Dagster", "run what is selected", cause(error)) from error


def _check_writable(files: dict[str, Path | None]) -> None:
    """Say before anything runs that a file cannot be written after it."""
    for name, file in files.items():
        if file is None or str(file) == "-":
            continue
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            there = file.exists()
            file.open("a").close()
            if not there:  # an empty report would be taken for a broken one
                file.unlink()
        except OSError as error:
            raise DefinitionError(f"--{name} {file} cannot be written: {error.strerror}.") from error


def _tell(gate: Gate, files: dict[str, Path | None]) -> None:
    """Print the findings, and write them to the files."""
    from dqx_dagster.cli.ci.annotations import workflow_commands
    from dqx_dagster.cli.ci.junit import junit
    from dqx_dagster.cli.ci.markdown import markdown
    from dqx_dagster.cli.ci.record import record
    from dqx_dagster.cli.ci.sarif import sarif
    from dqx_dagster.cli.ci.screen import show

    makers = {
        "junit": lambda: junit(gate),
        "json": lambda: record(gate),
        "markdown": lambda: markdown(gate),
        "sarif": lambda: sarif(gate),
    }
    # What goes to a program is alone on standard output.
    printed = [name for name, file in files.items() if file is not None and str(file) == "-"]
    show(gate, err if printed else out)
    for name, file in files.items():
        if file is None:
            continue
        text = makers[name]()
        if str(file) == "-":
            out.file.write(text)
        else:
            # GitHub's summary belongs to all steps of a job.
            shared = str(file) == os.environ.get("GITHUB_STEP_SUMMARY")
            with file.open("a" if shared else "w", encoding="utf-8") as stream:
                stream.write(text)
    if os.environ.get("GITHUB_ACTIONS"):
        for line in workflow_commands(gate):
            (err if printed else out).file.write(f"{line}\n")
