"""A file that somebody changes meanwhile is not overwritten, and what is written is what was asked for."""

from __future__ import annotations

import textwrap
import threading
from pathlib import Path

import pytest

from dqx_core.datasets import DatasetService, DuckDBCatalog, from_yaml
from dqx_core.datasets.library import names_in
from dqx_core.datasets.loading import load_folder
from dqx_core.datasets.writing import save, unchanged
from dqx_core.errors import DefinitionError, ValidationError
from dqx_core.store import InMemoryMetricDB
from tests.core.datasets.shop import DAILY, changed, engine

BODY = "source: {table: raw_data.transactions}\npartitions: {start: 2024-01-01, content: snapshot}\n"


@pytest.fixture(scope="module")
def shop():
    return engine()


@pytest.fixture
def service(shop, tmp_path):
    made = DatasetService(
        DuckDBCatalog(shop), shop, InMemoryMetricDB(), folder=tmp_path / "datasets", root=tmp_path / "partitions"
    )
    made.create(changed(DAILY, split__parts={"train": 70, "test": 20, "eval": 10}))
    return made


def test_an_edit_by_hand_between_reading_and_writing_is_not_lost(service):
    path = service.folder / "daily.yaml"

    def slow(old):
        path.write_text(path.read_text() + "# by hand\n")
        return {"description": "by a command"}

    with pytest.raises(DefinitionError, match=r"daily\.yaml was changed by somebody else meanwhile.* say it again"):
        service.update("daily", slow)
    assert path.read_text().endswith("# by hand\n")
    assert service.update("daily", {"description": "by a command"}).definition.description == "by a command"
    assert path.read_text().endswith("# by hand\n")


def test_of_edits_at_the_same_moment_each_is_in_the_file_or_refused(service):
    names = [f"c{number}" for number in range(8)]
    at_once = threading.Barrier(len(names))
    done: list[str] = []

    def work(name: str) -> None:
        def add(old):
            at_once.wait()
            return {"columns": [*old["columns"], {"column": "quantity", "as": name}]}

        try:
            service.update("daily", add)
        except DefinitionError:
            return
        done.append(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    written = [column.name for column in service.definition("daily").columns]
    assert [name for name in names if name in written] == sorted(done)
    assert done


def test_while_one_process_writes_another_waits(tmp_path):
    save(tmp_path / "x.yaml", "a")
    entered: list[str | None] = []

    def late() -> None:
        try:
            with unchanged(tmp_path / "x.yaml", "a"):
                entered.append("too early")
        except DefinitionError as error:
            entered.append(str(error))

    other = threading.Thread(target=late)
    with unchanged(tmp_path / "x.yaml", "a"):
        other.start()
        other.join(0.2)
        assert entered == []
        save(tmp_path / "x.yaml", "b")
    other.join()
    assert "was changed by somebody else meanwhile" in str(entered)


def test_a_link_stays_a_link_and_what_it_leads_to_is_changed(service, tmp_path):
    path = service.folder / "daily.yaml"
    real = path.rename(tmp_path / "real.yaml")
    path.symlink_to(real)
    service.update("daily", {"description": "x"})
    assert path.is_symlink()
    assert from_yaml(real).description == "x"


@pytest.mark.parametrize(
    "text",
    [
        f'"name": shop\n{BODY}',
        f"\ufeffname: shop\n{BODY}",
        f"'name' :  'shop' # ours\n{BODY}",
        f"{BODY}name: &n shop\n",
        '{"name": "shop", "source": {"table": "raw_data.transactions"}, '
        '"partitions": {"start": "2024-01-01", "content": "snapshot"}}',
        f"description: |\n  name: other\nname: shop\n{BODY}",
        f"%YAML 1.2\n---\nname: shop\n{BODY}",
    ],
)
def test_what_is_listed_is_found(service, text):
    (service.folder / "of_another_name.yaml").write_text(text, "utf-8")
    assert list(load_folder(service.folder)) == sorted(names_in(service.folder)) == ["daily", "shop"]
    assert service.get("shop").path.name == "of_another_name.yaml"
    assert not service.check_name("shop").free
    service.update("shop", {"description": "a new one"})
    assert service.definition("shop").description == "a new one"
    assert service.delete("shop", force=True).name == "of_another_name.yaml"


def test_two_files_of_one_name_are_an_error_everywhere(service):
    (service.folder / "twin.yaml").write_text(f"name: daily\n{BODY}")
    for call in (
        service.list,
        lambda: service.get("daily"),
        lambda: service.update("daily", {"description": "x"}),
        lambda: service.delete("daily", force=True),
        lambda: service.clone("daily"),
        lambda: service.check_name("other"),
        lambda: service.create(changed(DAILY, name="third")),
    ):
        with pytest.raises(DefinitionError, match=r"twin\.yaml"):
            call()


SHAPES = {
    "comments behind keys and entries": """\
        name: x
        source: {table: raw_data.transactions}
        columns: # what the model sees
          - {column: transaction_date, role: timestamp} # when
          - column: customer_id
            role: user_id
        partitions: {start: 2024-01-01}
        """,
    "flow over lines": """\
        {name: x, # its name
         source: {table: raw_data.transactions},
         columns: [{column: transaction_date, role: timestamp}, # when
                   {column: customer_id, role: user_id}],
         partitions: {start: 2024-01-01}}
        """,
    "lists at the margin": """\
        name: x   # its name

        source:
            table: raw_data.transactions
        columns:
        # when
        - column:    transaction_date
          role: "timestamp"   # !
        -   column: customer_id
            # who
            role: user_id
        # the end
        partitions:
            start: 2024-01-01
        # below""",
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_what_a_command_writes_loads_as_what_was_asked_for(service, shape):
    text = textwrap.dedent(shape)
    path = service.folder / "x.yaml"
    comments = [part.split("\n")[0] for part in text.split("#")[1:]]

    def by(call) -> Path:
        path.write_text(text)
        written: Path = call().path
        assert [part.split("\n")[0] for part in written.read_text().split("#")[1:]] == comments
        return written

    assert from_yaml(by(lambda: service.update("x", {"description": "d"}))).description == "d"
    assert from_yaml(by(lambda: service.activate("x"))).status == "active"
    assert from_yaml(by(lambda: service.clone("x"))).name == "x_copy"
    written = from_yaml(by(lambda: service.update("x", {"sample": {"percent": 10, "key": "customer_id"}})))
    assert written.sample is not None
    service.update("x", {"sample": None})
    assert service.restore("x", 2).definition.sample == written.sample


def test_a_copy_of_a_definition_without_a_split_is_one_without_a_split(service):
    service.update("daily", {"split": {"strategy": "none"}, "folds": None})
    assert service.clone("daily").definition.split.strategy == "none"


def test_a_version_that_an_earlier_dqx_kept_without_its_dates_is_not_restored(service):
    content = service.definition("daily").model_dump(mode="json", by_alias=True)
    content["filters"] = [{"kind": "range", "column": "transaction_date", "min": "f", "max": None}]
    service.store.datasets.forget("daily")
    service.store.datasets.record("daily", content, definition_hash="0", sql="SELECT 1", change="created")
    with pytest.raises(DefinitionError, match=r"Version 1 of dataset 'daily' was kept by an earlier dqx, which lost"):
        service.restore("daily", 1)


def test_a_definition_that_says_its_yaml_is_of_another_version_is_refused(service):
    (service.folder / "x.yaml").write_text(f"%YAML 1.1\n---\nname: x\n{BODY}")
    with pytest.raises(ValidationError, match=r"x\.yaml, line 2: it says %YAML 1\.1, and definitions are YAML 1\.2"):
        service.list()
