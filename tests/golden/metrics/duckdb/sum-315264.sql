-- sum(x) where s IN ('a', '')
SELECT
  CAST("data"."yyyy_mm_dd" AS DATE) AS "__day",
  CAST("data"."split" AS TEXT) AS "__tag_0",
  COUNT(CASE WHEN "data"."__0" THEN "data"."x" END) AS "a0",
  SUM(
    CASE
      WHEN "data"."__2"
      THEN NULL
      WHEN ABS("data"."__1") < 2.1267647932558654e+37
      AND ABS("data"."__1") >= 4.235164736271502e-22
      THEN CAST(TRUNC("data"."__1" * 2.168404344971009e-19) AS BIGINT)
    END
  ) AS "a1",
  SUM(
    CASE
      WHEN "data"."__2"
      THEN "data"."__3"
      WHEN ABS("data"."__1") < 2.1267647932558654e+37
      AND ABS("data"."__1") >= 4.235164736271502e-22
      THEN CAST(TRUNC(
        "data"."__1" - TRUNC("data"."__1" * 2.168404344971009e-19) * 4.611686018427388e+18
      ) AS BIGINT)
    END
  ) AS "a2",
  SUM(
    CASE
      WHEN "data"."__2"
      THEN "data"."__4"
      WHEN ABS("data"."__1") < 2.1267647932558654e+37
      AND ABS("data"."__1") >= 4.235164736271502e-22
      THEN CAST(TRUNC((
        "data"."__1" - TRUNC("data"."__1")
      ) * 4.611686018427388e+18) AS BIGINT)
    END
  ) AS "a3",
  SUM(
    CASE
      WHEN "data"."__2"
      THEN NULL
      WHEN ABS("data"."__1") < 2.1267647932558654e+37
      AND ABS("data"."__1") >= 4.235164736271502e-22
      THEN CAST(TRUNC(
        (
          "data"."__1" * 4.611686018427388e+18 - TRUNC("data"."__1" * 4.611686018427388e+18)
        ) * 4.611686018427388e+18
      ) AS BIGINT)
    END
  ) AS "a4",
  SUM(
    CASE
      WHEN "data"."__2"
      THEN NULL
      WHEN ABS("data"."__1") < 2.1267647932558654e+37
      AND ABS("data"."__1") >= 4.235164736271502e-22
      THEN NULL
      ELSE "data"."__1"
    END
  ) AS "a5"
FROM (
  SELECT
    *,
    TRY_CAST("data"."__1" AS BIGINT) + TRY_CAST((
      "data"."__1" - TRY_CAST("data"."__1" AS BIGINT)
    ) * 4.611686018427388e+18 AS BIGINT) * 2.168404344971009e-19 IS NOT DISTINCT FROM "data"."__1" AS "__2",
    TRY_CAST("data"."__1" AS BIGINT) AS "__3",
    TRY_CAST((
      "data"."__1" - TRY_CAST("data"."__1" AS BIGINT)
    ) * 4.611686018427388e+18 AS BIGINT) AS "__4"
  FROM (
    SELECT
      *,
      CASE WHEN "data"."__0" THEN "data"."x" END AS "__1"
    FROM (
      SELECT
        *,
        "data"."s" IN ('a', '') AS "__0"
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
