"""A warehouse of facts and dimensions, with surrogate and composite keys, abbreviations and prefixes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.join_schemas.schema import Draw, Schema, counted


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
