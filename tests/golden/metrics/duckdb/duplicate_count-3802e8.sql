-- duplicate_count([n, s])
SELECT
  CAST("data"."yyyy_mm_dd" AS DATE) AS "__day",
  CAST("data"."split" AS TEXT) AS "__tag_0",
  COUNT(*) AS "a0"
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
  CAST("data"."split" AS TEXT);

SELECT
  "items"."__day",
  "items"."__tag_0",
  COUNT(*) AS "a0"
FROM (
  SELECT
    CAST("data"."yyyy_mm_dd" AS DATE) AS "__day",
    CAST("data"."split" AS TEXT) AS "__tag_0",
    "data"."n" AS "item_0",
    "data"."s" AS "item_1"
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
    CAST("data"."split" AS TEXT),
    "data"."n",
    "data"."s"
) AS items
GROUP BY
  "items"."__day",
  "items"."__tag_0"
