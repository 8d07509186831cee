-- variance(n)
SELECT
  CAST("data"."yyyy_mm_dd" AS DATE) AS "__day",
  CAST("data"."split" AS TEXT) AS "__tag_0",
  COUNT("data"."n") AS "a0",
  SUM("data"."n") AS "a1",
  SUM(
    CASE
      WHEN "data"."__0"
      THEN CAST("data"."n" AS BIGINT) * CAST("data"."n" AS BIGINT)
    END
  ) AS "a2",
  SUM("data"."__2" // 4611686018427387904) AS "a3",
  SUM("data"."__2" % 4611686018427387904) AS "a4"
FROM (
  SELECT
    *,
    "data"."__1" * "data"."__1" AS "__2"
  FROM (
    SELECT
      *,
      CAST(CASE WHEN "data"."__0" THEN NULL ELSE "data"."n" END AS INT128) AS "__1"
    FROM (
      SELECT
        *,
        "data"."n" IS NULL OR (
          "data"."n" > -2147483648 AND "data"."n" < 2147483648
        ) AS "__0"
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
    ) AS data
  ) AS data
) AS data
GROUP BY
  CAST("data"."yyyy_mm_dd" AS DATE),
  CAST("data"."split" AS TEXT)
