"""Data as they should not be: orphans, nulls, doubled keys, foreign names, and unrelated ids of one range."""

from __future__ import annotations

import pandas as pd

from benchmarks.join_schemas.schema import Draw, Schema, counted


def dirty(seed: int = 3) -> Schema:
    """Orphans, nulls, doubled dimension rows, keys called otherwise, and unrelated ids of the same range."""
    d = Draw(seed)
    s = Schema(
        "dirty", "orphans, nulls, doubled keys, foreign names, and unrelated ids, counters and codes of one range"
    )
    t = s.tables
    n = 2000
    t["members"] = pd.DataFrame(
        {
            "member_id": counted(n),
            "nickname": [f"nick{x}" for x in range(n)],
            "score": d.number(n, 1, n),
            "invited_by": d.of(counted(n), n, 0.5),
        }
    )
    t["machines"] = pd.DataFrame(
        {"id": counted(n), "serial": [f"S{x:06d}" for x in d.random.permutation(n)], "hall": d.number(n, 1, 12)}
    )
    t["invoices"] = pd.DataFrame({"invoice_no": counted(n), "total": d.money(n), "lines": d.number(n, 1, 30)})
    t["tickets"] = pd.DataFrame(
        {
            "id": counted(n),
            "member_id": d.of(counted(n), n, 0.1, 0.15),
            "priority": d.number(n, 1, 5),
            "subject": d.word(n, 1900, "Subject"),
        }
    )
    t["ticket_events"] = pd.DataFrame(
        {
            "id": counted(6000),
            "ticket_id": d.of(counted(n), 6000, 0, 0.1),
            "position": d.number(6000, 1, 2000),
            "minutes": d.number(6000, 1, 2000),
        }
    )
    uuids = pd.Series([f"{x:08x}-{x * 7919 % 65536:04x}" for x in d.random.permutation(10**6)[:1500]])
    t["devices"] = pd.DataFrame(
        {"uuid": uuids, "model": d.word(1500, 20, "Model"), "machine": d.of(counted(n), 1500, 0.2)}
    )
    t["readings"] = pd.DataFrame(
        {"sensor": d.of(uuids, 20000, 0.02, 0.08), "value": d.money(20000), "sequence": counted(20000)}
    )
    doubled = pd.concat([uuids, uuids[:20]], ignore_index=True)
    t["device_locations"] = pd.DataFrame(
        {"device_uuid": doubled, "floor": d.number(1520, 1, 9), "label": d.word(1520, 900, "Label")}
    )
    t["parts"] = pd.DataFrame({"part_number": [f"{x:06d}" for x in range(n)], "weight": d.number(n, 1, n)})
    t["repairs"] = pd.DataFrame(
        {
            "repair_id": counted(5000),
            "machine_id": d.of(counted(n), 5000, 0.05, 0.1),
            "part_no": d.of(t["parts"]["part_number"], 5000, 0.1, 0.05),
            "cost": d.money(5000),
            "hours": d.number(5000, 1, 100),
        }
    )
    t["plans"] = pd.DataFrame({"plan_code": ["A", "B", "C", "D", "E"], "fee": d.money(5)})
    t["subscriptions"] = pd.DataFrame(
        {
            "subscription_id": counted(n),
            "memberId": d.of(counted(n), n, 0, 0.05),
            "planCode": d.of(t["plans"]["plan_code"], n, 0, 0.02),
            "grade": d.word(n, 5, "g"),
        }
    )
    t["grades"] = pd.DataFrame({"grade_letter": ["A", "B", "C", "D", "E", "F"], "from_points": [90, 80, 70, 60, 50, 0]})
    pairs = (
        pd.MultiIndex.from_product([range(1, 101), range(1, 13)]).to_frame(index=False).sample(700, random_state=seed)
    )
    t["budgets"] = pd.DataFrame(
        {"project_id": pairs[0].to_numpy(), "month": pairs[1].to_numpy(), "planned": d.money(700)}
    )
    used = pairs.iloc[d.random.integers(0, 700, 5000)]
    t["expenses"] = pd.DataFrame(
        {"project_id": used[0].to_numpy(), "month": used[1].to_numpy(), "spent": d.money(5000)}
    )
    t["lottery"] = pd.DataFrame({"draw": counted(n), "number": d.random.permutation(n) + 1, "prize": d.number(n, 1, n)})
    t["weather"] = pd.DataFrame(
        {"station": d.word(n, 30, "W"), "reading_no": counted(n), "degrees": d.number(n, 1, 40)}
    )
    s.keys("""
        tickets.member_id → members.member_id
        ticket_events.ticket_id → tickets.id
        devices.machine → machines.id
        readings.sensor → devices.uuid
        device_locations.device_uuid → devices.uuid
        repairs.machine_id → machines.id
        repairs.part_no → parts.part_number
        subscriptions.memberId → members.member_id
        subscriptions.planCode → plans.plan_code
        expenses.project_id+month → budgets.project_id+month
    """)
    return s
