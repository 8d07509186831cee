WITH "source" AS (
  SELECT
    "transactions"."transaction_id" AS "transaction_id",
    "transactions"."customer_id" AS "customer_id",
    "transactions"."product_id" AS "product_id",
    "transactions"."transaction_date" AS "transaction_date",
    "transactions"."amount" AS "revenue",
    "transactions"."country" AS "country",
    "products"."category" AS "category"
  FROM "raw_data"."transactions" AS "transactions"
  LEFT JOIN "raw_data"."products" AS "products"
    ON "transactions"."product_id" = "products"."id"
  WHERE
    "transactions"."transaction_date" < CAST('2024-01-11 00:00:00' AS TIMESTAMP)
), "filled" AS (
  SELECT
    "transaction_id",
    "customer_id",
    "product_id",
    "transaction_date",
    "revenue",
    "country",
    COALESCE("category", 'unknown') AS "category"
  FROM "source"
), "parted" AS (
  SELECT
    *,
    'all' AS "split"
  FROM "filled"
), "filter_1_range" AS (
  SELECT
    *
  FROM "parted"
  WHERE
    "transaction_date" >= CAST('2024-01-03 12:00:00' AS TIMESTAMP)
), "filter_2_top_users_totals" AS (
  SELECT
    "customer_id" AS "user",
    COALESCE(
      SUM(
        CASE
          WHEN ABS("revenue") < 1e29
          THEN CAST(ROUND("revenue" * 1e9) AS DECIMAL(38, 0))
          WHEN NOT "revenue" IS NULL
          THEN ERROR(
            '''revenue'' holds NaN, an infinity or a number of 1e29 or more, and with it a filter has no exact sum. Correct the source, or keep such rows out with a range filter before this one'
          )
        END
      ),
      0
    ) AS "total"
  FROM "filter_1_range"
  WHERE
    "split" IN ('all') AND NOT "customer_id" IS NULL
  GROUP BY
    1
), "filter_2_top_users_running" AS (
  SELECT
    "user",
    "total",
    SUM("total") OVER (
      ORDER BY "total" DESC, "user" ASC NULLS FIRST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS "running",
    SUM("total") OVER () AS "whole"
  FROM "filter_2_top_users_totals"
), "filter_2_top_users" AS (
  SELECT
    *
  FROM "filter_1_range"
  WHERE
    "customer_id" IN (
      SELECT
        "user"
      FROM "filter_2_top_users_running"
      WHERE
        "whole" > 0 AND (
          "running" - "total"
        ) * 100 < "whole" * 60
    )
), "filter_3_aggregate_entities" AS (
  SELECT
    "product_id" AS "entity"
  FROM "filter_2_top_users"
  WHERE
    "split" IN ('all') AND NOT "product_id" IS NULL
  GROUP BY
    1
  HAVING
    (
      MAX("revenue") <= CAST(60.5 AS DOUBLE) AND NOT ISNAN(ATAN(MAX("revenue")))
    )
    AND NOT ISNAN(ATAN(MAX("revenue")))
), "filter_3_aggregate" AS (
  SELECT
    *
  FROM "filter_2_top_users"
  WHERE
    "product_id" IN (
      SELECT
        "entity"
      FROM "filter_3_aggregate_entities"
    )
)
SELECT
  "transaction_id",
  "customer_id",
  "product_id",
  "transaction_date",
  "revenue",
  "country",
  "category",
  "split"
FROM "filter_3_aggregate"
WHERE
  "split" IN ('all')
