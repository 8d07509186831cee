-- sum(x) where s IN ('a', '')
SELECT
  CAST(`data`.`yyyy_mm_dd` AS DATE) AS `__day`,
  CAST(`data`.`split` AS STRING) AS `__tag_0`,
  COUNT(CASE WHEN `data`.`__0` THEN `data`.`x` END) AS `a0`,
  SUM(
    CAST(CASE
      WHEN `data`.`__2`
      THEN NULL
      WHEN ABS(`data`.`__1`) < 2.1267647932558654e+37
      AND ABS(`data`.`__1`) >= 4.235164736271502e-22
      THEN CAST(TRUNC(`data`.`__1` * 2.168404344971009e-19) AS INT64)
    END AS BIGNUMERIC)
  ) AS `a1`,
  SUM(
    CAST(CASE
      WHEN `data`.`__2`
      THEN `data`.`__3`
      WHEN ABS(`data`.`__1`) < 2.1267647932558654e+37
      AND ABS(`data`.`__1`) >= 4.235164736271502e-22
      THEN CAST(TRUNC(
        `data`.`__1` - TRUNC(`data`.`__1` * 2.168404344971009e-19) * 4.611686018427388e+18
      ) AS INT64)
    END AS BIGNUMERIC)
  ) AS `a2`,
  SUM(
    CAST(CASE
      WHEN `data`.`__2`
      THEN `data`.`__4`
      WHEN ABS(`data`.`__1`) < 2.1267647932558654e+37
      AND ABS(`data`.`__1`) >= 4.235164736271502e-22
      THEN CAST(TRUNC((
        `data`.`__1` - TRUNC(`data`.`__1`)
      ) * 4.611686018427388e+18) AS INT64)
    END AS BIGNUMERIC)
  ) AS `a3`,
  SUM(
    CAST(CASE
      WHEN `data`.`__2`
      THEN NULL
      WHEN ABS(`data`.`__1`) < 2.1267647932558654e+37
      AND ABS(`data`.`__1`) >= 4.235164736271502e-22
      THEN CAST(TRUNC(
        (
          `data`.`__1` * 4.611686018427388e+18 - TRUNC(`data`.`__1` * 4.611686018427388e+18)
        ) * 4.611686018427388e+18
      ) AS INT64)
    END AS BIGNUMERIC)
  ) AS `a4`,
  SUM(CASE WHEN ABS(`data`.`__5`) < 1.0e0 THEN `data`.`__5` END) AS `a5`,
  SUM(
    CASE WHEN ABS(`data`.`__5`) < 1.0e0 THEN NULL ELSE `data`.`__5` END * 5.421010862427522e-20
  ) AS `a6`
FROM (
  SELECT
    *,
    CASE
      WHEN `data`.`__2`
      THEN NULL
      WHEN ABS(`data`.`__1`) < 2.1267647932558654e+37
      AND ABS(`data`.`__1`) >= 4.235164736271502e-22
      THEN NULL
      ELSE `data`.`__1`
    END AS `__5`
  FROM (
    SELECT
      *,
      SAFE_CAST(`data`.`__1` AS INT64) + SAFE_CAST((
        `data`.`__1` - SAFE_CAST(`data`.`__1` AS INT64)
      ) * 4.611686018427388e+18 AS INT64) * 2.168404344971009e-19 IS NOT DISTINCT FROM `data`.`__1` AS `__2`,
      SAFE_CAST(`data`.`__1` AS INT64) AS `__3`,
      SAFE_CAST((
        `data`.`__1` - SAFE_CAST(`data`.`__1` AS INT64)
      ) * 4.611686018427388e+18 AS INT64) AS `__4`
    FROM (
      SELECT
        *,
        CASE WHEN `data`.`__0` THEN `data`.`x` END AS `__1`
      FROM (
        SELECT
          *,
          `data`.`s` IN ('a', '') AS `__0`
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
  ) AS data
) AS data
GROUP BY
  CAST(`data`.`yyyy_mm_dd` AS DATE),
  CAST(`data`.`split` AS STRING)
