-- median(x)
SELECT
  "items"."__day",
  "items"."__tag_0",
  QUANTILE_CONT("x", 0.5) AS "value",
  MAX("x") AS "largest"
FROM (
  SELECT
    CAST("data"."yyyy_mm_dd" AS DATE) AS "__day",
    CAST("data"."split" AS TEXT) AS "__tag_0",
    CAST("data"."x" AS DOUBLE) AS "x"
  FROM (
    SELECT
      *
    FROM "rows"
  ) AS data
  WHERE
    (
      "data"."yyyy_mm_dd" >= CAST('2024-02-28' AS DATE)
      AND "data"."yyyy_mm_dd" < CAST('2024-03-01' AS DATE)
    )
    AND CAST("data"."split" AS TEXT) IN ('train')
) AS items
GROUP BY
  "items"."__day",
  "items"."__tag_0"
