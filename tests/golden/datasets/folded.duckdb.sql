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
    "transactions"."transaction_date" < CAST('2024-01-11 00:00:00' AS TIMESTAMP)
), "sampled" AS (
  SELECT
    *
  FROM "source"
  WHERE
    (
      FARM_FINGERPRINT('folded/sample/v1' || '|' || CAST("customer_id" AS TEXT)) % 10000 + 10000
    ) % 10000 < 4000
), "parted" AS (
  SELECT
    *,
    CASE
      WHEN "customer_id" IS NULL
      THEN NULL
      WHEN (
        FARM_FINGERPRINT('folded/split/v1' || '|' || CAST("customer_id" AS TEXT)) % 10000 + 10000
      ) % 10000 < 8000
      THEN 'train'
      ELSE 'eval'
    END AS "split"
  FROM "sampled"
), "filter_1_aggregate_entities" AS (
  SELECT
    "country" AS "entity"
  FROM "parted"
  WHERE
    "split" IN ('train') AND NOT "country" IS NULL
  GROUP BY
    1
  HAVING
    (
      COUNT("amount") > 0
      AND SUM(
        CASE
          WHEN NOT ISNAN(ATAN("amount"))
          THEN CASE
            WHEN ABS("amount") < 1e29
            THEN CAST(ROUND("amount" * 1e9) AS DECIMAL(38, 0))
            WHEN NOT "amount" IS NULL
            THEN ERROR(
              '''amount'' holds NaN, an infinity or a number of 1e29 or more, and with it a filter has no exact sum. Correct the source, or keep such rows out with a range filter before this one'
            )
          END
        END
      ) >= CAST('1500000000' AS DECIMAL(38, 0)) * COUNT("amount")
      AND SUM(
        CASE
          WHEN NOT ISNAN(ATAN("amount"))
          THEN CASE
            WHEN ABS("amount") < 1e29
            THEN CAST(ROUND("amount" * 1e9) AS DECIMAL(38, 0))
            WHEN NOT "amount" IS NULL
            THEN ERROR(
              '''amount'' holds NaN, an infinity or a number of 1e29 or more, and with it a filter has no exact sum. Correct the source, or keep such rows out with a range filter before this one'
            )
          END
        END
      ) <= CAST('900000000000' AS DECIMAL(38, 0)) * COUNT("amount")
    )
    AND NOT ISNAN(ATAN(MAX("amount")))
), "filter_1_aggregate" AS (
  SELECT
    *
  FROM "parted"
  WHERE
    "country" IN (
      SELECT
        "entity"
      FROM "filter_1_aggregate_entities"
    )
), "filter_2_aggregate_entities" AS (
  SELECT
    "customer_id" AS "entity"
  FROM "filter_1_aggregate"
  WHERE
    "split" IN ('train', 'eval') AND NOT "customer_id" IS NULL
  GROUP BY
    1
  HAVING
    COUNT(*) >= 2
), "filter_2_aggregate" AS (
  SELECT
    *
  FROM "filter_1_aggregate"
  WHERE
    "customer_id" IN (
      SELECT
        "entity"
      FROM "filter_2_aggregate_entities"
    )
)
SELECT
  "transaction_id",
  "customer_id",
  "transaction_date",
  "amount",
  "country",
  "category",
  CASE
    WHEN "split" = 'train'
    THEN COALESCE(
      (
        FARM_FINGERPRINT('folded/folds/v1' || '|' || CAST("customer_id" AS TEXT)) % 5 + 5
      ) % 5,
      0
    )
  END AS "fold",
  CASE
    WHEN "split" IS NULL
    THEN ERROR('dataset folded: null in customer_id, the key of the group split')
    ELSE "split"
  END AS "split"
FROM "filter_2_aggregate"
