"""A shop whose tables all have an `id`, and `<table>_id` where they refer to one, several in one table."""

from __future__ import annotations

import pandas as pd

from benchmarks.join_schemas.schema import Draw, Schema, counted


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
