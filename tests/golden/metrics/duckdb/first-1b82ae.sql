-- first(d, n)
SELECT
  "__day",
  "__tag_0",
  "order",
  "value"
FROM (
  SELECT
    "__day",
    "__tag_0",
    "order",
    "value",
    ROW_NUMBER() OVER (PARTITION BY "__day", "__tag_0" ORDER BY "order", "value") AS "place"
  FROM (
    SELECT
      CAST("data"."yyyy_mm_dd" AS DATE) AS "__day",
      CAST("data"."split" AS TEXT) AS "__tag_0",
      "data"."n" AS "order",
      "data"."d" AS "value"
    FROM (
      SELECT
        *
      FROM "rows"
    ) AS data
    WHERE
      (
        (
          "data"."yyyy_mm_dd" >= CAST('2024-02-28' AS DATE)
          AND "data"."yyyy_mm_dd" < CAST('2024-03-01' AS DATE)
        )
        AND CAST("data"."split" AS TEXT) IN ('train')
      )
      AND NOT "data"."n" IS NULL
      AND NOT "data"."d" IS NULL
  ) AS rows
) AS ranked
WHERE
  "place" = 1
