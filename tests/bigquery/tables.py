"""Datasets and tables of the REST: they are made, listed, described, changed and deleted."""

from __future__ import annotations

from typing import Any

from tests.bigquery.rest import RestError, cell, normal, type_of
from tests.bigquery.translation import duck_type
from tests.bigquery.warehouse import Warehouse


class Tables:
    """The datasets and tables of a project; a part of `Server`."""

    warehouse: Warehouse
    page_rows: int

    def get_dataset(self, _query: dict[str, str], _body: Any, project: str, dataset: str) -> Any:
        name = self.warehouse.dataset(dataset)
        reference = {"projectId": project, "datasetId": name}
        return {"datasetReference": reference, "location": self.warehouse.location, "id": f"{project}:{name}"}

    def list_datasets(self, _query: dict[str, str], _body: Any, project: str) -> Any:
        return {"datasets": [self.get_dataset({}, None, project, name) for name in self.warehouse.datasets()]}

    def insert_dataset(self, _query: dict[str, str], body: Any, project: str) -> Any:
        name = body["datasetReference"]["datasetId"]
        if name in self.warehouse.datasets():
            raise RestError(409, "duplicate", f"Already Exists: Dataset {project}:{name}")
        self.warehouse.connection.cursor().execute(f'CREATE SCHEMA "{name}"')
        return self.get_dataset({}, None, project, name)

    def delete_dataset(self, query: dict[str, str], _body: Any, dataset: str, **_: str) -> Any:
        name = self.warehouse.dataset(dataset)
        if self.warehouse.tables(name) and query.get("deleteContents") != "true":
            raise RestError(400, "resourceInUse", f"Dataset {name} is still in use")
        self.warehouse.connection.cursor().execute(f'DROP SCHEMA "{name}" CASCADE')
        return {}

    def list_tables(self, query: dict[str, str], _body: Any, project: str, dataset: str) -> Any:
        tables = self.warehouse.tables(dataset)
        start = int(query.get("pageToken") or 0)
        most = min(int(query.get("maxResults") or 50), 50)
        answer: dict[str, Any] = {
            "tables": [
                {"tableReference": {"projectId": project, "datasetId": dataset, "tableId": name}, "type": kind}
                for name, kind in tables[start : start + most]
            ]
        }
        if start + most < len(tables):
            answer["nextPageToken"] = str(start + most)
        return answer

    def get_table(self, _query: dict[str, str], _body: Any, project: str, dataset: str, table: str) -> Any:
        said = self.warehouse.said(dataset, table)
        rows, size = self.warehouse.size(dataset, table)
        kept = ("timePartitioning", "clustering", "labels", "description", "expirationTime", "streamingBuffer")
        return {
            "kind": "bigquery#table",
            "id": f"{project}:{dataset}.{table}",
            "tableReference": {"projectId": project, "datasetId": dataset, "tableId": table},
            "schema": {"fields": said["fields"]},
            "type": dict(self.warehouse.tables(dataset))[table],
            "location": self.warehouse.location,
            "numRows": str(rows),
            "numBytes": str(size),
            "creationTime": str(said["created"]),
            "lastModifiedTime": str(said["modified"]),
            **{key: said[key] for key in kept if said.get(key)},
        }

    def insert_table(self, _query: dict[str, str], body: Any, project: str, dataset: str) -> Any:
        name = body["tableReference"]["tableId"]
        kept = ("timePartitioning", "clustering", "labels", "description", "expirationTime")
        said = {"fields": normal(body["schema"]["fields"]), **{key: body[key] for key in kept if body.get(key)}}
        self.warehouse.create(dataset, name, said)
        return self.get_table({}, None, project, dataset, name)

    def patch_table(self, _query: dict[str, str], body: Any, project: str, dataset: str, table: str) -> Any:
        said = self.warehouse.said(dataset, table)
        if "schema" in body:
            there = {f["name"]: f for f in said["fields"]}
            wanted = normal(body["schema"]["fields"])
            lost = [name for name in there if name not in {f["name"] for f in wanted}]
            if lost or any(there.get(f["name"], f)["type"] != f["type"] for f in wanted):
                raise RestError(400, "invalid", f"Provided Schema does not match Table {project}:{dataset}.{table}.")
            for f in wanted:
                if f["name"] not in there:
                    self.warehouse.connection.cursor().execute(
                        f'ALTER TABLE "{dataset}"."{table}" ADD COLUMN "{f["name"]}" {duck_type(type_of(f))}'
                    )
            said["fields"] = wanted
        said |= {key: body[key] for key in ("labels", "description", "expirationTime") if key in body}
        said["modified"] = self.warehouse.now()
        self.warehouse.say(dataset, table, said)
        return self.get_table({}, None, project, dataset, table)

    def delete_table(self, _query: dict[str, str], _body: Any, dataset: str, table: str, **_: str) -> Any:
        self.warehouse.drop(dataset, table)
        return {}

    def list_rows(self, query: dict[str, str], _body: Any, dataset: str, table: str, **_: str) -> Any:
        fields = self.warehouse.said(dataset, table)["fields"]
        start = int(query.get("pageToken") or query.get("startIndex") or 0)
        most = min(int(query.get("maxResults") or self.page_rows), self.page_rows)
        sql = f'FROM "{dataset}"."{table}" LIMIT {most} OFFSET {start}'
        rows = self.warehouse.connection.cursor().execute(sql).fetchall()
        total = self.warehouse.size(dataset, table)[0]
        answer: dict[str, Any] = {
            "totalRows": str(total),
            "rows": [{"f": [{"v": cell(v, f)} for v, f in zip(row, fields, strict=True)]} for row in rows],
        }
        if start + most < total:
            answer["pageToken"] = str(start + most)
        return answer
