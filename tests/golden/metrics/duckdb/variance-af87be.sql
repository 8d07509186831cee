-- variance(x)
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
  ) AS "a5",
  SUM(
    CASE
      WHEN "data"."__10"
      THEN NULL
      WHEN ABS("data"."__3") < 2.1267647932558654e+37
      AND ABS("data"."__3") >= 4.235164736271502e-22
      THEN CAST(TRUNC("data"."__3" * 2.168404344971009e-19) AS BIGINT) + CAST(TRUNC("data"."__5" * 2.168404344971009e-19) AS BIGINT)
    END
  ) AS "a6",
  SUM(
    CASE
      WHEN "data"."__10"
      THEN "data"."__11" + "data"."__12"
      WHEN ABS("data"."__3") < 2.1267647932558654e+37
      AND ABS("data"."__3") >= 4.235164736271502e-22
      THEN CAST(TRUNC(
        "data"."__3" - TRUNC("data"."__3" * 2.168404344971009e-19) * 4.611686018427388e+18
      ) AS BIGINT) + CAST(TRUNC(
        "data"."__5" - TRUNC("data"."__5" * 2.168404344971009e-19) * 4.611686018427388e+18
      ) AS BIGINT)
    END
  ) AS "a7",
  SUM(
    CASE
      WHEN "data"."__10"
      THEN "data"."__13" + "data"."__14"
      WHEN ABS("data"."__3") < 2.1267647932558654e+37
      AND ABS("data"."__3") >= 4.235164736271502e-22
      THEN CAST(TRUNC((
        "data"."__3" - TRUNC("data"."__3")
      ) * 4.611686018427388e+18) AS BIGINT) + CAST(TRUNC((
        "data"."__5" - TRUNC("data"."__5")
      ) * 4.611686018427388e+18) AS BIGINT)
    END
  ) AS "a8",
  SUM(
    CASE
      WHEN "data"."__10"
      THEN "data"."__15" + "data"."__16"
      WHEN ABS("data"."__3") < 2.1267647932558654e+37
      AND ABS("data"."__3") >= 4.235164736271502e-22
      THEN CAST(TRUNC(
        (
          "data"."__3" * 4.611686018427388e+18 - TRUNC("data"."__3" * 4.611686018427388e+18)
        ) * 4.611686018427388e+18
      ) AS BIGINT) + CAST(TRUNC(
        (
          "data"."__5" * 4.611686018427388e+18 - TRUNC("data"."__5" * 4.611686018427388e+18)
        ) * 4.611686018427388e+18
      ) AS BIGINT)
    END
  ) AS "a9",
  SUM(
    CASE
      WHEN "data"."__10"
      THEN NULL
      WHEN ABS("data"."__3") < 2.1267647932558654e+37
      AND ABS("data"."__3") >= 4.235164736271502e-22
      THEN NULL
      ELSE "data"."__3"
    END
  ) AS "a10"
FROM (
  SELECT
    *,
    TRY_CAST("data"."__9" AS BIGINT) AS "__16"
  FROM (
    SELECT
      *,
      (
        "data"."__7" - TRY_CAST("data"."__7" AS BIGINT)
      ) * 4.611686018427388e+18 AS "__9",
      COALESCE(ABS("data"."x"), 0.0e0) < 1073741824.0e0
      AND "data"."__8" IS NOT DISTINCT FROM TRY_CAST("data"."__8" AS BIGINT) AS "__10",
      TRY_CAST("data"."__7" AS BIGINT) AS "__14",
      TRY_CAST("data"."__8" AS BIGINT) AS "__15"
    FROM (
      SELECT
        *,
        (
          "data"."__5" - TRY_CAST("data"."__5" AS BIGINT)
        ) * 4.611686018427388e+18 AS "__7",
        (
          "data"."__6" - TRY_CAST("data"."__6" AS BIGINT)
        ) * 4.611686018427388e+18 AS "__8",
        TRY_CAST("data"."__5" AS BIGINT) AS "__12",
        TRY_CAST("data"."__6" AS BIGINT) AS "__13"
      FROM (
        SELECT
          *,
          (
            "data"."__4" * "data"."__4" - "data"."__3"
          ) + (
            "data"."__4" * 2.0e0
          ) * (
            "data"."x" - "data"."__4"
          ) + (
            "data"."x" - "data"."__4"
          ) * (
            "data"."x" - "data"."__4"
          ) AS "__5",
          (
            "data"."__3" - TRY_CAST("data"."__3" AS BIGINT)
          ) * 4.611686018427388e+18 AS "__6",
          TRY_CAST("data"."__3" AS BIGINT) AS "__11"
        FROM (
          SELECT
            *,
            TRY_CAST("data"."x" AS BIGINT) + TRY_CAST((
              "data"."x" - TRY_CAST("data"."x" AS BIGINT)
            ) * 4.611686018427388e+18 AS BIGINT) * 2.168404344971009e-19 IS NOT DISTINCT FROM "data"."x" AS "__0",
            TRY_CAST("data"."x" AS BIGINT) AS "__1",
            TRY_CAST((
              "data"."x" - TRY_CAST("data"."x" AS BIGINT)
            ) * 4.611686018427388e+18 AS BIGINT) AS "__2",
            "data"."x" * "data"."x" AS "__3",
            "data"."x" * 134217729.0e0 - (
              "data"."x" * 134217729.0e0 - "data"."x"
            ) AS "__4"
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
  ) AS data
) AS data
GROUP BY
  CAST("data"."yyyy_mm_dd" AS DATE),
  CAST("data"."split" AS TEXT)
