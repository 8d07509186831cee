"""Schemas whose keys are known, for `benchmarks.joins`: made from a seed, each with its own way of naming things."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

Columns = tuple[str, ...]
Truth = tuple[str, Columns, str, Columns]
"""Left table and columns, right table and columns."""


@dataclass
class Schema:
    """Tables, and the joins that they are made with."""

    name: str
    what: str
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    truths: list[Truth] = field(default_factory=list)

    def keys(self, text: str) -> None:
        """One a line: `orders.customer_id → customers.id`; the columns of a composite key with + between them."""
        for line in text.strip().splitlines():
            (one, _, ones), (other, _, others) = (side.strip().partition(".") for side in line.split("→"))
            self.truths.append((one, tuple(ones.split("+")), other, tuple(others.split("+"))))


class Draw:
    """Random columns of a schema."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def of(self, keys: pd.Series, n: int, nulls: float = 0.0, orphans: float = 0.0) -> pd.Series:
        """References to some keys: popular ones more often; some null, some to nothing."""
        weights = self.random.pareto(1.5, len(keys)) + 0.1
        found = pd.Series(keys.to_numpy()[self.random.choice(len(keys), n, p=weights / weights.sum())])
        lost = self.random.random(n) < orphans
        if pd.api.types.is_integer_dtype(found):
            found = found.astype("Int64").mask(lost, pd.Series(self.random.integers(10**7, 10**8, n)))
        else:
            found = found.mask(lost, pd.Series([f"?{x}" for x in self.random.integers(0, 10**6, n)]))
        return found.mask(self.random.random(n) < nulls)

    def number(self, n: int, low: int, high: int) -> np.ndarray:
        """Whole numbers that are keys of nothing."""
        return self.random.integers(low, high, n)

    def money(self, n: int) -> np.ndarray:
        """Amounts."""
        return np.round(np.exp(self.random.normal(3, 1, n)), 2)

    def word(self, n: int, kinds: int, prefix: str) -> list[str]:
        """Texts that describe."""
        return [f"{prefix} {x}" for x in self.random.integers(0, kinds, n)]

    def day(self, n: int) -> pd.Series:
        """Days of two years."""
        return pd.Series((np.datetime64("2023-01-01") + self.random.integers(0, 730, n)).astype("datetime64[us]"))


def counted(n: int, first: int = 1) -> pd.Series:
    """Ids counted from 1."""
    return pd.Series(np.arange(first, first + n, dtype=np.int64))


def shop(seed: int = 1) -> Schema:
    """`<table>_id` → `id`, and roles of one table."""
    d = Draw(seed)
    s = Schema("shop", "`id` in every table, `<table>_id` in those that refer to it, all counted from 1")
    t = s.tables
    t["countries"] = pd.DataFrame(
        {"code": ["NL", "BE", "DE", "FR", "GB", "US", "PL", "ES"], "name": [f"Country {n}" for n in range(8)]}
    )
    t["categories"] = pd.DataFrame(
        {"id": counted(40), "name": [f"Category {n}" for n in range(40)], "parent_id": d.of(counted(8), 40, 0.2)}
    )
    t["suppliers"] = pd.DataFrame(
        {
            "id": counted(60),
            "name": [f"Supplier {n}" for n in range(60)],
            "country_code": d.of(t["countries"]["code"], 60),
            "rating": d.number(60, 1, 6),
        }
    )
    t["products"] = pd.DataFrame(
        {
            "id": counted(800),
            "sku": [f"SKU-{n:05d}" for n in range(800)],
            "category_id": d.of(t["categories"]["id"], 800),
            "supplier_id": d.of(t["suppliers"]["id"], 800, 0.05),
            "price": d.money(800),
            "stock": d.number(800, 0, 500),
        }
    )
    t["customers"] = pd.DataFrame(
        {
            "id": counted(3000),
            "email": [f"c{n}@example.org" for n in range(3000)],
            "country": d.of(t["countries"]["code"], 3000),
            "age": d.number(3000, 18, 90),
            "created_at": d.day(3000),
        }
    )
    t["addresses"] = pd.DataFrame(
        {
            "id": counted(4000),
            "customer_id": d.of(t["customers"]["id"], 4000),
            "street": d.word(4000, 900, "Street"),
            "city": d.word(4000, 50, "City"),
        }
    )
    t["stores"] = pd.DataFrame(
        {"id": counted(25), "name": [f"Store {n}" for n in range(25)], "city": d.word(25, 50, "City")}
    )
    t["employees"] = pd.DataFrame(
        {
            "id": counted(200),
            "store_id": d.of(t["stores"]["id"], 200),
            "name": d.word(200, 190, "Name"),
            "salary": d.number(200, 2000, 9000),
        }
    )
    t["orders"] = pd.DataFrame(
        {
            "id": counted(12000),
            "customer_id": d.of(t["customers"]["id"], 12000),
            "billing_address_id": d.of(t["addresses"]["id"], 12000),
            "shipping_address_id": d.of(t["addresses"]["id"], 12000, 0.1),
            "store_id": d.of(t["stores"]["id"], 12000, 0.4),
            "status": d.word(12000, 4, "s"),
            "ordered_at": d.day(12000),
        }
    )
    t["order_items"] = pd.DataFrame(
        {
            "id": counted(30000),
            "order_id": d.of(t["orders"]["id"], 30000),
            "product_id": d.of(t["products"]["id"], 30000),
            "quantity": d.number(30000, 1, 6),
            "unit_price": d.money(30000),
        }
    )
    t["payments"] = pd.DataFrame(
        {
            "id": counted(12000),
            "order_id": t["orders"]["id"].sample(frac=1, random_state=seed).to_numpy(),
            "amount": d.money(12000),
            "method": d.word(12000, 3, "m"),
        }
    )
    t["reviews"] = pd.DataFrame(
        {
            "id": counted(5000),
            "product_id": d.of(t["products"]["id"], 5000),
            "customer_id": d.of(t["customers"]["id"], 5000),
            "stars": d.number(5000, 1, 6),
            "title": d.word(5000, 4000, "Review"),
        }
    )
    t["web_sessions"] = pd.DataFrame(
        {
            "session_id": [f"{n:08x}" for n in d.random.permutation(9000)],
            "visits": d.number(9000, 1, 40),
            "duration": d.number(9000, 1, 3000),
        }
    )
    s.keys("""
        suppliers.country_code → countries.code
        products.category_id → categories.id
        products.supplier_id → suppliers.id
        customers.country → countries.code
        addresses.customer_id → customers.id
        employees.store_id → stores.id
        orders.customer_id → customers.id
        orders.billing_address_id → addresses.id
        orders.shipping_address_id → addresses.id
        orders.store_id → stores.id
        order_items.order_id → orders.id
        order_items.product_id → products.id
        payments.order_id → orders.id
        reviews.product_id → products.id
        reviews.customer_id → customers.id
    """)
    return s


def warehouse(seed: int = 2) -> Schema:
    """dim_, fact_ and stg_ tables, surrogate keys, abbreviations, columns that begin with their table's letters."""
    d = Draw(seed)
    s = Schema("warehouse", "`dim_`, `fact_`, `stg_`; `cust_sk`, `prd_key`, columns with a prefix, composite keys")
    t = s.tables
    dates = pd.Series(pd.date_range("2023-01-01", periods=730).strftime("%Y%m%d").astype(np.int64))
    t["dim_date"] = pd.DataFrame(
        {"date_key": dates, "year": dates // 10000, "month": dates // 100 % 100, "day_of_week": d.number(730, 1, 8)}
    )
    t["dim_customer"] = pd.DataFrame(
        {
            "customer_sk": counted(5000),
            "customer_nk": [f"C{n:07d}" for n in d.random.permutation(5000)],
            "customer_name": d.word(5000, 4000, "Name"),
            "segment": d.word(5000, 5, "seg"),
        }
    )
    t["dim_product"] = pd.DataFrame(
        {
            "prod_sk": counted(1200),
            "prod_code": [f"P-{n:06d}" for n in d.random.permutation(1200)],
            "prod_desc": d.word(1200, 1100, "Product"),
            "brand_cd": d.word(1200, 40, "b"),
            "list_price": d.money(1200),
        }
    )
    t["dim_store"] = pd.DataFrame(
        {
            "s_store_key": counted(80),
            "s_name": [f"Store {n}" for n in range(80)],
            "s_region_key": d.number(80, 1, 13),
            "s_size": d.number(80, 50, 900),
        }
    )
    t["dim_region"] = pd.DataFrame({"r_region_key": counted(12), "r_name": [f"Region {n}" for n in range(12)]})
    t["dim_employee"] = pd.DataFrame(
        {
            "emp_id": counted(400, 1001),
            "mgr_emp_id": d.of(counted(20, 1001), 400),
            "dept_no": d.number(400, 1, 16),
            "hire_year": d.number(400, 2001, 2024),
        }
    )
    t["dim_department"] = pd.DataFrame(
        {"department_number": counted(15), "department_name": [f"Dept {n}" for n in range(15)]}
    )
    t["dim_promotion"] = pd.DataFrame(
        {"promo_key": counted(300), "promo_name": [f"Promo {n}" for n in range(300)], "discount": d.number(300, 1, 60)}
    )
    n = 40000
    t["fact_sales"] = pd.DataFrame(
        {
            "date_key": d.of(dates, n),
            "cust_sk": d.of(counted(5000), n),
            "product_sk": d.of(counted(1200), n),
            "store_key": d.of(counted(80), n),
            "promo_key": d.of(counted(300), n, 0.6),
            "qty": d.number(n, 1, 9),
            "amount": d.money(n),
        }
    )
    t["fact_returns"] = pd.DataFrame(
        {
            "return_date_key": d.of(dates, 4000),
            "customer_sk": d.of(counted(5000), 4000),
            "prod_sk": d.of(counted(1200), 4000),
            "refund": d.money(4000),
            "reason_no": d.number(4000, 1, 30),
        }
    )
    pairs = (
        pd.MultiIndex.from_product([range(1, 81), range(1, 1201)])
        .to_frame(index=False)
        .sample(20000, random_state=seed)
    )
    t["dim_price"] = pd.DataFrame(
        {"store_key": pairs[0].to_numpy(), "product_sk": pairs[1].to_numpy(), "price": d.money(20000)}
    )
    used = pairs.iloc[d.random.integers(0, 20000, 15000)]
    t["fact_price_checks"] = pd.DataFrame(
        {"store_key": used[0].to_numpy(), "product_sk": used[1].to_numpy(), "seen": d.money(15000)}
    )
    t["stg_crm_contacts"] = pd.DataFrame(
        {
            "contact_id": [f"{n:032x}" for n in d.random.permutation(3000)],
            "customer_nk": d.of(t["dim_customer"]["customer_nk"], 3000),
            "channel": d.word(3000, 4, "ch"),
        }
    )
    t["stg_stock_levels"] = pd.DataFrame(
        {
            "prod_code": d.of(t["dim_product"]["prod_code"], 9000),
            "store_key": d.of(counted(80), 9000),
            "on_hand": d.number(9000, 0, 300),
        }
    )
    t["stg_shifts"] = pd.DataFrame(
        {
            "shift_id": counted(6000),
            "emp_id": d.of(counted(400, 1001), 6000),
            "store_id": d.of(counted(80), 6000),
            "hours": d.number(6000, 1, 10),
        }
    )
    t["etl_batches"] = pd.DataFrame(
        {"batch_id": counted(900), "row_count": d.number(900, 1, 5000), "seconds": d.number(900, 1, 400)}
    )
    s.keys("""
        dim_store.s_region_key → dim_region.r_region_key
        dim_employee.dept_no → dim_department.department_number
        fact_sales.date_key → dim_date.date_key
        fact_sales.cust_sk → dim_customer.customer_sk
        fact_sales.product_sk → dim_product.prod_sk
        fact_sales.store_key → dim_store.s_store_key
        fact_sales.promo_key → dim_promotion.promo_key
        fact_returns.return_date_key → dim_date.date_key
        fact_returns.customer_sk → dim_customer.customer_sk
        fact_returns.prod_sk → dim_product.prod_sk
        dim_price.store_key → dim_store.s_store_key
        dim_price.product_sk → dim_product.prod_sk
        fact_price_checks.store_key → dim_store.s_store_key
        fact_price_checks.product_sk → dim_product.prod_sk
        fact_price_checks.store_key+product_sk → dim_price.store_key+product_sk
        stg_crm_contacts.customer_nk → dim_customer.customer_nk
        stg_stock_levels.prod_code → dim_product.prod_code
        stg_stock_levels.store_key → dim_store.s_store_key
        stg_shifts.emp_id → dim_employee.emp_id
        stg_shifts.store_id → dim_store.s_store_key
    """)
    return s


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


def clinic(seed: int = 4) -> Schema:
    """One prefix for all tables, CamelCase, texts as keys, tables that extend another one row to one."""
    d = Draw(seed)
    s = Schema(
        "clinic", "`hms_` before every table, CamelCase columns, text keys, one-to-one extensions, roles of one table"
    )
    t = s.tables
    n = 2500
    t["hms_patients"] = pd.DataFrame(
        {
            "PatientId": [f"PT{x:06d}" for x in d.random.permutation(n)],
            "BirthYear": d.number(n, 1930, 2020),
            "Gender": d.word(n, 2, "g"),
        }
    )
    t["hms_patient_consents"] = pd.DataFrame(
        {
            "PatientId": t["hms_patients"]["PatientId"].sample(2000, random_state=seed).to_numpy(),
            "Version": d.number(2000, 1, 5),
            "SignedOn": d.day(2000),
        }
    )
    t["hms_doctors"] = pd.DataFrame(
        {"DoctorId": counted(150), "FullName": d.word(150, 149, "Dr"), "WardCode": d.word(150, 12, "W")}
    )
    t["hms_wards"] = pd.DataFrame({"WardCode": [f"W {x}" for x in range(12)], "Beds": d.number(12, 4, 40)})
    t["hms_visits"] = pd.DataFrame(
        {
            "VisitNo": counted(9000, 50001),
            "PatientId": d.of(t["hms_patients"]["PatientId"], 9000, 0, 0.01),
            "AttendingDoctorId": d.of(counted(150), 9000),
            "ReferringDoctorId": d.of(counted(150), 9000, 0.5),
            "Minutes": d.number(9000, 5, 150),
        }
    )
    t["hms_drugs"] = pd.DataFrame(
        {"Id": counted(600), "Name": [f"Drug {x}" for x in range(600)], "PackSize": d.number(600, 1, 100)}
    )
    t["hms_prescriptions"] = pd.DataFrame(
        {
            "Id": counted(14000),
            "VisitNr": d.of(t["hms_visits"]["VisitNo"], 14000, 0, 0.03),
            "DrugFk": d.of(counted(600), 14000),
            "Days": d.number(14000, 1, 60),
        }
    )
    t["hms_rooms"] = (
        pd.DataFrame(
            {
                "Ward": np.repeat([f"W {x}" for x in range(12)], 15),
                "RoomNo": np.tile(np.arange(1, 16), 12),
                "Area": d.number(180, 9, 40),
            }
        )
        .sample(120, random_state=seed)
        .reset_index(drop=True)
    )
    rooms = t["hms_rooms"].iloc[d.random.integers(0, 120, 4000)]
    t["hms_stays"] = pd.DataFrame(
        {
            "StayRef": [f"{x:010x}" for x in d.random.permutation(4000)],
            "Ward": rooms["Ward"].to_numpy(),
            "RoomNo": rooms["RoomNo"].to_numpy(),
            "Nights": d.number(4000, 1, 30),
        }
    )
    t["hms_lab_results"] = pd.DataFrame(
        {
            "ResultId": counted(8000),
            "Subject": d.of(t["hms_patients"]["PatientId"], 8000, 0.01, 0.02),
            "Analyte": d.word(8000, 40, "A"),
            "Value": d.money(8000),
        }
    )
    t["hms_parking"] = pd.DataFrame({"SpotNumber": counted(150), "Level": d.number(150, 1, 5)})
    t["hms_canteen_sales"] = pd.DataFrame(
        {"TicketId": counted(14000), "Dish": d.word(14000, 30, "dish"), "Guests": d.number(14000, 1, 6)}
    )
    t["hms_icd_codes"] = pd.DataFrame(
        {
            "Code": [f"{chr(65 + x // 100)}{x % 100:02d}" for x in range(1500)],
            "Title": [f"Illness {x}" for x in range(1500)],
        }
    )
    t["hms_diagnoses"] = pd.DataFrame(
        {
            "DiagnosisId": counted(11000),
            "VisitNo": d.of(t["hms_visits"]["VisitNo"], 11000),
            "IcdCode": d.of(t["hms_icd_codes"]["Code"], 11000, 0, 0.05),
            "Rank": d.number(11000, 1, 5),
        }
    )
    s.keys("""
        hms_patient_consents.PatientId → hms_patients.PatientId
        hms_doctors.WardCode → hms_wards.WardCode
        hms_visits.PatientId → hms_patients.PatientId
        hms_visits.AttendingDoctorId → hms_doctors.DoctorId
        hms_visits.ReferringDoctorId → hms_doctors.DoctorId
        hms_prescriptions.VisitNr → hms_visits.VisitNo
        hms_prescriptions.DrugFk → hms_drugs.Id
        hms_rooms.Ward → hms_wards.WardCode
        hms_stays.Ward → hms_wards.WardCode
        hms_stays.Ward+RoomNo → hms_rooms.Ward+RoomNo
        hms_lab_results.Subject → hms_patients.PatientId
        hms_diagnoses.VisitNo → hms_visits.VisitNo
        hms_diagnoses.IcdCode → hms_icd_codes.Code
    """)
    return s


SCHEMAS: dict[str, Callable[[], Schema]] = {"shop": shop, "warehouse": warehouse, "dirty": dirty, "clinic": clinic}
