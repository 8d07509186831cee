"""Ask Dagster's GraphQL, in this process, what it says of every partition of an asset's checks; prints JSON.

`python -m tests.examples.partition_statuses DAGSTER_HOME DATA ASSET`
"""

import json
import os
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]

QUERY = """
query ($key: AssetKeyInput!) {
  assetNodeOrError(assetKey: $key) { ... on AssetNode { assetChecksOrError { ... on AssetChecks { checks { name
    partitionStatuses { ... on AssetCheckMultiPartitionStatuses { ranges { primaryDimStartKey primaryDimEndKey
      secondaryDim { ... on AssetCheckDefaultPartitionStatuses {
        succeededPartitions failedPartitions skippedPartitions inProgressPartitions executionFailedPartitions
      } } } } }
  } } } } }
}
"""

WORDS = {
    "succeededPartitions": "PASSED",
    "failedPartitions": "FAILED",
    "skippedPartitions": "SKIPPED",
    "inProgressPartitions": "IN_PROGRESS",
    "executionFailedPartitions": "EXECUTION_FAILED",
}


def partition_statuses(asset: str) -> dict[str, Counter[str]]:
    """Partition → how many of the asset's checks have each status."""
    import dagster as dg
    from dagster._core.remote_origin import InProcessCodeLocationOrigin
    from dagster._core.test_utils import InProcessTestWorkspaceLoadTarget
    from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster_graphql.test.utils import execute_dagster_graphql

    origin = InProcessCodeLocationOrigin(
        LoadableTargetOrigin(
            executable_path=sys.executable,
            python_file=str(ROOT / "definitions.py"),
            working_directory=str(ROOT),
            attribute="defs",
        ),
        location_name="shop",
    )
    found: dict[str, Counter[str]] = {}
    with (
        dg.DagsterInstance.get() as instance,
        WorkspaceProcessContext(instance, InProcessTestWorkspaceLoadTarget(origin)) as workspace,
    ):
        answer = execute_dagster_graphql(workspace.create_request_context(), QUERY, {"key": {"path": [asset]}})
        for check in answer.data["assetNodeOrError"]["assetChecksOrError"]["checks"]:
            for span in check["partitionStatuses"]["ranges"]:
                days = dg.DailyPartitionsDefinition(span["primaryDimStartKey"]).get_partition_keys_in_range(
                    dg.PartitionKeyRange(span["primaryDimStartKey"], span["primaryDimEndKey"])
                )
                for status, splits in span["secondaryDim"].items():
                    for day in days:
                        for split in splits:
                            found.setdefault(f"{day}|{split}", Counter())[WORDS[status]] += 1
    return found


if __name__ == "__main__":
    os.environ["DAGSTER_HOME"], os.environ["DQX_DATA"] = sys.argv[1:3]
    print(json.dumps(partition_statuses(sys.argv[3])))
