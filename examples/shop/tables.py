"""The SQL that makes the shop's tables.

Chance is arithmetic: `dice(purpose, n)` mixes the row number `n` with the purpose, a text that holds the seed.
Neither `random()`, which depends on threads, nor `hash()`, which may change with DuckDB's version, is used.
"""

from __future__ import annotations

DICE = """
    CREATE TEMP MACRO scramble(x, shift, factor) AS (xor(x, x >> shift) * factor) & 4294967295;
    -- The 32-bit mixer "lowbias32" of Chris Wellons; a product of two 32-bit numbers fits UBIGINT.
    CREATE TEMP MACRO mix(x) AS
        scramble(scramble(scramble(x, 16, 2146121005::UBIGINT), 15, 2221713035::UBIGINT), 16, 1::UBIGINT);
    -- A whole number from 0 to 4294967295 ...
    CREATE TEMP MACRO dice(purpose, n) AS
        mix(xor((n::UBIGINT * 2654435769) & 4294967295, md5_number_lower(purpose) & 4294967295))::BIGINT;
    -- ... or a fraction from 0 to just under 1.
    CREATE TEMP MACRO chance(purpose, n) AS dice(purpose, n) / 4294967296::DOUBLE;
"""

CLEAR = """
    DROP TABLE IF EXISTS raw_data.products;
    DROP TABLE IF EXISTS raw_data.customers;
    DROP TABLE IF EXISTS raw_data.transactions;
    DROP TABLE IF EXISTS main.shop_world;
"""

SCHEMA = """
    CREATE SCHEMA IF NOT EXISTS raw_data;

    CREATE TABLE raw_data.products (
        id BIGINT NOT NULL,
        name VARCHAR NOT NULL,
        category VARCHAR,
        price DECIMAL(10, 2) NOT NULL,
        launched_on DATE NOT NULL,
        retired_on DATE
    );
    COMMENT ON TABLE raw_data.products IS 'What the shop sells or has sold';
    COMMENT ON COLUMN raw_data.products.category IS 'Null when nobody filed the product';
    COMMENT ON COLUMN raw_data.products.price IS 'Euros for one piece';
    COMMENT ON COLUMN raw_data.products.retired_on IS 'First day it was no longer sold; null while it is';

    CREATE TABLE raw_data.customers (
        id VARCHAR NOT NULL,
        country VARCHAR NOT NULL,
        name VARCHAR NOT NULL,
        signed_up_on DATE NOT NULL,
        left_on DATE,
        segment VARCHAR NOT NULL
    );
    COMMENT ON TABLE raw_data.customers IS 'Who buys or has bought';
    COMMENT ON COLUMN raw_data.customers.country IS 'ISO 3166 code of the delivery address';
    COMMENT ON COLUMN raw_data.customers.left_on IS 'First day without an account; null while there is one';

    CREATE TABLE raw_data.transactions (
        transaction_id BIGINT NOT NULL,
        customer_id VARCHAR NOT NULL,
        product_id BIGINT NOT NULL,
        transaction_date TIMESTAMP NOT NULL,
        amount DECIMAL(12, 2) NOT NULL,
        quantity INTEGER NOT NULL,
        country VARCHAR NOT NULL,
        email VARCHAR,
        coupon VARCHAR,
        loaded_at TIMESTAMP NOT NULL
    );
    COMMENT ON TABLE raw_data.transactions IS 'One row for each product in a sale';
    COMMENT ON COLUMN raw_data.transactions.transaction_date IS 'Moment of the sale, UTC';
    COMMENT ON COLUMN raw_data.transactions.amount IS 'Euros paid: price times quantity, less the coupon';
    COMMENT ON COLUMN raw_data.transactions.country IS 'ISO 3166 code of the delivery address';
    COMMENT ON COLUMN raw_data.transactions.email IS 'Null for some sales at the desk';
    COMMENT ON COLUMN raw_data.transactions.coupon IS 'Takes off 10 %; null for most sales';
    COMMENT ON COLUMN raw_data.transactions.loaded_at IS 'UTC; every hour at :05, late rows by night at 03:30';
"""

# How many sales each day has: growth of 0.5 % a day, 20 % more at weekends, 2 % of chance either way.
CALENDAR = """
    WITH volume AS (
        SELECT day,
               $start::DATE + (day - 1)::INTEGER AS date,
               round($rows_per_day * pow(1.005, day - 1)
                     * CASE WHEN isodow($start::DATE + (day - 1)::INTEGER) >= 6 THEN 1.2 ELSE 1.0 END
                     * (0.98 + 0.04 * chance($seed || '/volume', day)))::BIGINT AS sales
        FROM range(1, $days + 1) AS days(day)
    )
    SELECT day, date, sales, (1000000 + sum(sales) OVER (ORDER BY day) - sales)::BIGINT AS first_id
    FROM volume
    ORDER BY day
"""

# Each aisle owns a range of the shop's 10,000 slots, so a category keeps its part of the sales while its products come
# and go.
AISLES = """
    CREATE TEMP TABLE aisle AS
    FROM (VALUES
        (0, 'food', 0, 2800, 7, ['Stroopwafels', 'Smørrebrød', 'Jalapeño', 'Żurek', '抹茶', 'Crème brûlée']),
        (1, 'books', 2800, 4600, 14, ['Roman', 'Kookboek', 'Märchen', 'Poésie', 'Σονέτα', '百科事典']),
        (2, 'fashion', 4600, 6400, 32, ['Jas', 'Mütze', 'Écharpe', 'Šaty', '着物', 'Chaussures d''été']),
        (3, 'home', 6400, 7800, 36, ['Lamp', 'Kissen', 'Théière', 'Hængekøje', 'Çaydanlık', 'Kaars 🕯']),
        (4, 'toys', 7800, 8800, 18, ['Blokken', 'Kreisel', 'Poupée', 'Матрёшка', 'Drache 🐉', 'Puzzel']),
        (5, 'electronics', 8800, 10000, 90, ['Koptelefoon', 'Küchenradio', 'Caméra', 'Głośnik', '電卓', 'USB "hub"'])
    ) AS aisle(aisle, category, first_slot, end_slot, typical_price, nouns)
"""

# Prices are log-normal around the aisle's typical price. The normal number is a sum of four uniform ones, which ends
# at 3.5 standard deviations: a tail heavy enough to be real, with an end, so that a day's average stays put.
# The products that sell least are the ones nobody filed under a category.
PRODUCTS = """
    CREATE TEMP TABLE product AS
    WITH numbered AS (
        SELECT n, n % 6 AS aisle,
               CASE WHEN n < $products THEN 0 ELSE 7 * ((n - $products) // $launches + 1) END::INTEGER AS since,
               chance($seed || '/appeal', n) AS appeal,
               sqrt(3) * (chance($seed || '/price 1', n) + chance($seed || '/price 2', n)
                          + chance($seed || '/price 3', n) + chance($seed || '/price 4', n) - 2) AS deviation
        FROM range($products + $launches * (($days - 1) // 7)) AS products(n)
    )
    SELECT 101 + n AS id,
           aisle,
           appeal,
           nouns[1 + dice($seed || '/noun', n) % len(nouns)] || ' ' || (101 + n) AS name,
           CASE WHEN appeal < 0.98 THEN category END AS category,
           (floor(typical_price * exp(0.65 * deviation)) + 0.99)::DECIMAL(10, 2) AS price,
           CASE WHEN n < $products THEN $start::DATE - 1 - (dice($seed || '/launch', n) % 700)::INTEGER
                ELSE $start::DATE + since END AS launched_on,
           $start::DATE + since + 7 + (dice($seed || '/retire', n) % 300)::INTEGER AS retires_on
    FROM numbered JOIN aisle USING (aisle);
"""

PUBLISH_PRODUCTS = """
    INSERT INTO raw_data.products
    SELECT id, name, category, price, launched_on,
           CASE WHEN retires_on < $start::DATE + $days::INTEGER THEN retires_on END
    FROM product
    ORDER BY id
"""

CUSTOMERS = """
    CREATE TEMP TABLE customer AS
    WITH numbered AS (
        SELECT n, CASE WHEN n < $customers THEN 0 ELSE (n - $customers) // $arrivals END::INTEGER AS since
        FROM range($customers + $arrivals * $days) AS customers(n)
    )
    SELECT 'C' || lpad((n + 1)::VARCHAR, 7, '0') AS id,
           ['NL', 'NL', 'NL', 'NL', 'NL', 'NL', 'NL', 'BE', 'BE', 'BE', 'BE', 'DE', 'DE', 'DE', 'DE', 'FR', 'FR', 'FR',
            'LU', 'AT'][1 + dice($seed || '/country', n) % 20] AS country,
           ['Anna', 'Bram', 'Chloé', 'Daan', 'Emma', 'Finn', 'Jürgen', 'Lotte', 'Łukasz', 'Noor', 'Renée', 'Søren',
            'Thomas', 'Νίκη', 'Олег', '美咲'][1 + dice($seed || '/first name', n) % 16]
           || ' ' ||
           ['Bakker', 'Çelik', 'de Vries', 'Dubois', 'Fischer', 'Jansen', 'Lefèvre', 'Maes', 'Müller', 'Núñez',
            'O''Brien', 'Peeters', 'Smit', 'van Dijk', 'Weber', 'Ångström'][1 + dice($seed || '/last name', n) % 16]
           AS name,
           CASE WHEN n < $customers THEN $start::DATE - 1 - (730 * ($customers - 1 - n) // $customers)::INTEGER
                ELSE $start::DATE + since END AS signed_up_on,
           $start::DATE + since + 1 + (dice($seed || '/leave', n) % 240)::INTEGER AS leaves_on,
           ['private', 'private', 'private', 'private', 'private', 'private', 'private', 'student', 'student',
            'business'][1 + dice($seed || '/segment', n) % 10] AS segment
    FROM numbered
"""

PUBLISH_CUSTOMERS = """
    INSERT INTO raw_data.customers
    SELECT id, country, name, signed_up_on,
           CASE WHEN leaves_on < $start::DATE + $days::INTEGER THEN leaves_on END,
           segment
    FROM customer
    ORDER BY id
"""

# The day's slots: within an aisle the first product sells most, by the square of the place.
SHELF = """
    CREATE OR REPLACE TEMP TABLE shelf AS
    WITH offer AS (
        SELECT id, price, aisle,
               row_number() OVER (PARTITION BY aisle ORDER BY appeal, id) - 1 AS rank,
               count(*) OVER (PARTITION BY aisle) AS offers
        FROM product
        WHERE launched_on <= $date::DATE AND retires_on > $date::DATE
    ), slot AS (
        SELECT slot, aisle, (slot + 0.5::DOUBLE - first_slot) / (end_slot - first_slot) AS place
        FROM range(10000) AS slots(slot) JOIN aisle ON slot >= first_slot AND slot < end_slot
    ), ranked AS (
        SELECT slot, slot.aisle, floor(place * place * offers)::BIGINT AS rank
        FROM slot JOIN (SELECT DISTINCT aisle, offers FROM offer) USING (aisle)
    )
    SELECT slot, id AS product_id, price FROM ranked JOIN offer USING (aisle, rank)
"""

# The day's customers, longest with the shop first: they buy more.
SHOPPERS = """
    CREATE OR REPLACE TEMP TABLE shopper AS
    SELECT row_number() OVER (ORDER BY id) - 1 AS rank,
           id AS customer_id,
           country,
           lower(replace(name, ' ', '.')) || '.' || ltrim(id, 'C0') || '@mail.example' AS email
    FROM customer
    WHERE signed_up_on <= $date::DATE AND leaves_on > $date::DATE
"""

# One day without incidents. `$day` is the seed and the day. The numbers of the sales follow the clock, and a cubic
# spreads them over it: around noon the shop sells two and a half times what it sells in the average hour.
CLEAN_DAY = """
    WITH thrown AS (
        SELECT n,
               (n + chance($day || '/clock', n)) / $sales AS part,
               chance($day || '/customer', n) AS luck,
               dice($day || '/product', n) % 10000 AS slot,
               dice($day || '/quantity', n) % 100 AS quantity_dice,
               dice($day || '/email', n) % 1000 AS email_dice,
               dice($day || '/coupon', n) % 1000 AS coupon_dice,
               dice($day || '/late', n) % 100 AS late_dice
        FROM range($sales) AS sales(n)
    ), shifted AS (
        SELECT *, part * (1.2::DOUBLE - 0.2::DOUBLE * part) AS x FROM thrown
    ), timed AS (
        SELECT *,
               floor(86400 * (x + 1.2::DOUBLE * x * (1 - x) * (1 - 2 * x)))::BIGINT AS second,
               floor(luck * sqrt(luck) * (SELECT count(*) FROM shopper))::BIGINT AS rank,
               CASE WHEN quantity_dice < 72 THEN 1 WHEN quantity_dice < 90 THEN 2 WHEN quantity_dice < 96 THEN 3
                    WHEN quantity_dice < 99 THEN 4 ELSE 5 END AS quantity,
               CASE WHEN coupon_dice < 60 THEN 'WELKOM10' WHEN coupon_dice < 100 THEN 'SÜSS10'
                    WHEN coupon_dice < 120 THEN 'ÉTÉ10' END AS coupon
        FROM shifted
    ), clean AS (
        SELECT $first_id + n AS transaction_id,
               customer_id,
               product_id,
               make_timestamp((epoch($date::DATE)::BIGINT + second) * 1000000) AS transaction_date,
               (price * quantity * CASE WHEN coupon IS NULL THEN 1.0 ELSE 0.9 END)::DECIMAL(12, 2) AS amount,
               quantity,
               country,
               CASE WHEN email_dice >= 15 THEN email END AS email,
               coupon,
               make_timestamp((epoch($date::DATE)::BIGINT
                               + CASE WHEN late_dice < 3 THEN 86400 * (1 + late_dice) + 12600
                                      ELSE (second // 3600 + 1) * 3600 + 300 END) * 1000000) AS loaded_at
        FROM timed JOIN shelf USING (slot) JOIN shopper USING (rank)
    )
"""


def add_day(clean_or_not: str) -> str:
    """The statement that adds one day; the query it is given says what becomes of `clean`."""
    return f"INSERT INTO raw_data.transactions {CLEAN_DAY} SELECT * FROM ({clean_or_not}) ORDER BY transaction_id"


# Not in raw_data: the shop's own data is three tables.
REMEMBER = """
    CREATE TABLE main.shop_world AS SELECT $parameters::VARCHAR AS parameters;
"""
