-- match_count(s, [a-z]+|日.)
SELECT
  CAST("data"."yyyy_mm_dd" AS DATE) AS "__day",
  CAST("data"."split" AS TEXT) AS "__tag_0",
  COUNT(CASE WHEN REGEXP_MATCHES("data"."s", '\A(?:[a-z]+|日.)\z') THEN 1 END) AS "a0"
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
