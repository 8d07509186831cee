-- sum(d)
SELECT
  CAST("data"."yyyy_mm_dd" AS DATE) AS "__day",
  CAST("data"."split" AS TEXT) AS "__tag_0",
  COUNT("data"."d") AS "a0",
  SUM("data"."d") AS "a1"
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
GROUP BY
  CAST("data"."yyyy_mm_dd" AS DATE),
  CAST("data"."split" AS TEXT)
