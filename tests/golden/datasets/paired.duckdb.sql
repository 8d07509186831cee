WITH "source" AS (
  SELECT
    "transactions"."transaction_id" AS "transaction_id",
    "transactions"."customer_id" AS "customer_id",
    "transactions"."transaction_date" AS "transaction_date",
    "transactions"."amount" AS "amount",
    "transactions"."country" AS "country",
    "products"."category" AS "category"
  FROM "raw_data"."transactions" AS "transactions"
  LEFT JOIN "raw_data"."products" AS "products"
    ON "transactions"."product_id" = "products"."id"
  WHERE
    "transactions"."transaction_date" >= CAST('2023-12-11 00:00:00' AS TIMESTAMP)
    AND "transactions"."transaction_date" < CAST('2024-01-11 00:00:00' AS TIMESTAMP)
), "parted" AS (
  SELECT
    *,
    CASE
      WHEN "customer_id" IS NULL OR "country" IS NULL
      THEN 'eval'
      WHEN (
        FARM_FINGERPRINT(
          'paired/split/v1' || '|' || CAST("customer_id" AS TEXT) || '|' || CAST("country" AS TEXT)
        ) % 10000 + 10000
      ) % 10000 < 6050
      THEN 'train'
      WHEN (
        FARM_FINGERPRINT(
          'paired/split/v1' || '|' || CAST("customer_id" AS TEXT) || '|' || CAST("country" AS TEXT)
        ) % 10000 + 10000
      ) % 10000 < 7050
      THEN 'test'
      ELSE 'eval'
    END AS "split"
  FROM "source"
)
SELECT
  "transaction_id",
  "customer_id",
  "transaction_date",
  "amount",
  "country",
  "category",
  "split"
FROM "parted"
WHERE
  "split" IN ('train', 'test', 'eval')
