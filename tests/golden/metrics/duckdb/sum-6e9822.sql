-- sum(x)
SELECT
  CAST("data"."yyyy_mm_dd" AS DATE) AS "__day",
  CAST("data"."split" AS TEXT) AS "__tag_0",
  COUNT("data"."x") AS "a0",
  SUM(
    CASE
      WHEN "data"."__0"
      THEN NULL
      WHEN ABS("data"."x") < 2.1267647932558654e+37
      AND ABS("data"."x") >= 4.235164736271502e-22
      THEN CAST(TRUNC("data"."x" * 2.168404344971009e-19) AS BIGINT)
    END
  ) AS "a1",
  SUM(
    CASE
      WHEN "data"."__0"
      THEN "data"."__1"
      WHEN ABS("data"."x") < 2.1267647932558654e+37
      AND ABS("data"."x") >= 4.235164736271502e-22
      THEN CAST(TRUNC("data"."x" - TRUNC("data"."x" * 2.168404344971009e-19) * 4.611686018427388e+18) AS BIGINT)
    END
  ) AS "a2",
  SUM(
    CASE
      WHEN "data"."__0"
      THEN "data"."__2"
      WHEN ABS("data"."x") < 2.1267647932558654e+37
      AND ABS("data"."x") >= 4.235164736271502e-22
      THEN CAST(TRUNC((
        "data"."x" - TRUNC("data"."x")
      ) * 4.611686018427388e+18) AS BIGINT)
    END
  ) AS "a3",
  SUM(
    CASE
      WHEN "data"."__0"
      THEN NULL
      WHEN ABS("data"."x") < 2.1267647932558654e+37
      AND ABS("data"."x") >= 4.235164736271502e-22
      THEN CAST(TRUNC(
        (
          "data"."x" * 4.611686018427388e+18 - TRUNC("data"."x" * 4.611686018427388e+18)
        ) * 4.611686018427388e+18
      ) AS BIGINT)
    END
  ) AS "a4",
  SUM(
    CASE
      WHEN "data"."__0"
      THEN NULL
      WHEN ABS("data"."x") < 2.1267647932558654e+37
      AND ABS("data"."x") >= 4.235164736271502e-22
      THEN NULL
      ELSE "data"."x"
    END
  ) AS "a5"
FROM (
  SELECT
    *,
    TRY_CAST("data"."x" AS BIGINT) + TRY_CAST((
      "data"."x" - TRY_CAST("data"."x" AS BIGINT)
    ) * 4.611686018427388e+18 AS BIGINT) * 2.168404344971009e-19 IS NOT DISTINCT FROM "data"."x" AS "__0",
    TRY_CAST("data"."x" AS BIGINT) AS "__1",
    TRY_CAST((
      "data"."x" - TRY_CAST("data"."x" AS BIGINT)
    ) * 4.611686018427388e+18 AS BIGINT) AS "__2"
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
GROUP BY
  CAST("data"."yyyy_mm_dd" AS DATE),
  CAST("data"."split" AS TEXT)
