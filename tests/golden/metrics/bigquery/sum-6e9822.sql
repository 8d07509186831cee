-- sum(x)
SELECT
  CAST(`data`.`yyyy_mm_dd` AS DATE) AS `__day`,
  CAST(`data`.`split` AS STRING) AS `__tag_0`,
  COUNT(`data`.`x`) AS `a0`,
  SUM(
    CAST(CASE
      WHEN `data`.`__0`
      THEN NULL
      WHEN ABS(`data`.`x`) < 2.1267647932558654e+37
      AND ABS(`data`.`x`) >= 4.235164736271502e-22
      THEN CAST(TRUNC(`data`.`x` * 2.168404344971009e-19) AS INT64)
    END AS BIGNUMERIC)
  ) AS `a1`,
  SUM(
    CAST(CASE
      WHEN `data`.`__0`
      THEN `data`.`__1`
      WHEN ABS(`data`.`x`) < 2.1267647932558654e+37
      AND ABS(`data`.`x`) >= 4.235164736271502e-22
      THEN CAST(TRUNC(`data`.`x` - TRUNC(`data`.`x` * 2.168404344971009e-19) * 4.611686018427388e+18) AS INT64)
    END AS BIGNUMERIC)
  ) AS `a2`,
  SUM(
    CAST(CASE
      WHEN `data`.`__0`
      THEN `data`.`__2`
      WHEN ABS(`data`.`x`) < 2.1267647932558654e+37
      AND ABS(`data`.`x`) >= 4.235164736271502e-22
      THEN CAST(TRUNC((
        `data`.`x` - TRUNC(`data`.`x`)
      ) * 4.611686018427388e+18) AS INT64)
    END AS BIGNUMERIC)
  ) AS `a3`,
  SUM(
    CAST(CASE
      WHEN `data`.`__0`
      THEN NULL
      WHEN ABS(`data`.`x`) < 2.1267647932558654e+37
      AND ABS(`data`.`x`) >= 4.235164736271502e-22
      THEN CAST(TRUNC(
        (
          `data`.`x` * 4.611686018427388e+18 - TRUNC(`data`.`x` * 4.611686018427388e+18)
        ) * 4.611686018427388e+18
      ) AS INT64)
    END AS BIGNUMERIC)
  ) AS `a4`,
  SUM(CASE WHEN ABS(`data`.`__3`) < 1.0e0 THEN `data`.`__3` END) AS `a5`,
  SUM(
    CASE WHEN ABS(`data`.`__3`) < 1.0e0 THEN NULL ELSE `data`.`__3` END * 5.421010862427522e-20
  ) AS `a6`
FROM (
  SELECT
    *,
    CASE
      WHEN `data`.`__0`
      THEN NULL
      WHEN ABS(`data`.`x`) < 2.1267647932558654e+37
      AND ABS(`data`.`x`) >= 4.235164736271502e-22
      THEN NULL
      ELSE `data`.`x`
    END AS `__3`
  FROM (
    SELECT
      *,
      SAFE_CAST(`data`.`x` AS INT64) + SAFE_CAST((
        `data`.`x` - SAFE_CAST(`data`.`x` AS INT64)
      ) * 4.611686018427388e+18 AS INT64) * 2.168404344971009e-19 IS NOT DISTINCT FROM `data`.`x` AS `__0`,
      SAFE_CAST(`data`.`x` AS INT64) AS `__1`,
      SAFE_CAST((
        `data`.`x` - SAFE_CAST(`data`.`x` AS INT64)
      ) * 4.611686018427388e+18 AS INT64) AS `__2`
    FROM (
      SELECT
        *
      FROM `raw data`.`rows`
    ) AS data
    WHERE
      (
        `data`.`yyyy_mm_dd` >= CAST('2024-02-28' AS DATE)
        AND `data`.`yyyy_mm_dd` < CAST('2024-03-01' AS DATE)
      )
      AND CAST(`data`.`split` AS STRING) IN ('train')
  ) AS data
) AS data
GROUP BY
  CAST(`data`.`yyyy_mm_dd` AS DATE),
  CAST(`data`.`split` AS STRING)
