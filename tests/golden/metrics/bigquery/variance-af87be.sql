-- variance(x)
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
  ) AS `a6`,
  SUM(
    CAST(CASE
      WHEN `data`.`__12`
      THEN NULL
      WHEN ABS(`data`.`__4`) < 2.1267647932558654e+37
      AND ABS(`data`.`__4`) >= 4.235164736271502e-22
      THEN CAST(TRUNC(`data`.`__4` * 2.168404344971009e-19) AS INT64) + CAST(TRUNC(`data`.`__7` * 2.168404344971009e-19) AS INT64)
    END AS BIGNUMERIC)
  ) AS `a7`,
  SUM(
    CAST(CASE
      WHEN `data`.`__12`
      THEN `data`.`__13` + `data`.`__14`
      WHEN ABS(`data`.`__4`) < 2.1267647932558654e+37
      AND ABS(`data`.`__4`) >= 4.235164736271502e-22
      THEN CAST(TRUNC(
        `data`.`__4` - TRUNC(`data`.`__4` * 2.168404344971009e-19) * 4.611686018427388e+18
      ) AS INT64) + CAST(TRUNC(
        `data`.`__7` - TRUNC(`data`.`__7` * 2.168404344971009e-19) * 4.611686018427388e+18
      ) AS INT64)
    END AS BIGNUMERIC)
  ) AS `a8`,
  SUM(
    CAST(CASE
      WHEN `data`.`__12`
      THEN `data`.`__15` + `data`.`__16`
      WHEN ABS(`data`.`__4`) < 2.1267647932558654e+37
      AND ABS(`data`.`__4`) >= 4.235164736271502e-22
      THEN CAST(TRUNC((
        `data`.`__4` - TRUNC(`data`.`__4`)
      ) * 4.611686018427388e+18) AS INT64) + CAST(TRUNC((
        `data`.`__7` - TRUNC(`data`.`__7`)
      ) * 4.611686018427388e+18) AS INT64)
    END AS BIGNUMERIC)
  ) AS `a9`,
  SUM(
    CAST(CASE
      WHEN `data`.`__12`
      THEN `data`.`__17` + `data`.`__18`
      WHEN ABS(`data`.`__4`) < 2.1267647932558654e+37
      AND ABS(`data`.`__4`) >= 4.235164736271502e-22
      THEN CAST(TRUNC(
        (
          `data`.`__4` * 4.611686018427388e+18 - TRUNC(`data`.`__4` * 4.611686018427388e+18)
        ) * 4.611686018427388e+18
      ) AS INT64) + CAST(TRUNC(
        (
          `data`.`__7` * 4.611686018427388e+18 - TRUNC(`data`.`__7` * 4.611686018427388e+18)
        ) * 4.611686018427388e+18
      ) AS INT64)
    END AS BIGNUMERIC)
  ) AS `a10`,
  SUM(CASE WHEN ABS(`data`.`__19`) < 1.0e0 THEN `data`.`__19` END) AS `a11`,
  SUM(
    CASE WHEN ABS(`data`.`__19`) < 1.0e0 THEN NULL ELSE `data`.`__19` END * 5.421010862427522e-20
  ) AS `a12`
FROM (
  SELECT
    *,
    SAFE_CAST(`data`.`__11` AS INT64) AS `__18`
  FROM (
    SELECT
      *,
      (
        `data`.`__9` - SAFE_CAST(`data`.`__9` AS INT64)
      ) * 4.611686018427388e+18 AS `__11`,
      SAFE_CAST(`data`.`__9` AS INT64) AS `__16`,
      CASE
        WHEN `data`.`__12`
        THEN NULL
        WHEN ABS(`data`.`__4`) < 2.1267647932558654e+37
        AND ABS(`data`.`__4`) >= 4.235164736271502e-22
        THEN NULL
        ELSE CASE
          WHEN `data`.`__4` IS NULL AND NOT `data`.`x` IS NULL
          THEN ABS(`data`.`x`) + CAST('inf' AS FLOAT64)
          ELSE `data`.`__4`
        END
      END AS `__19`
    FROM (
      SELECT
        *,
        (
          `data`.`__7` - SAFE_CAST(`data`.`__7` AS INT64)
        ) * 4.611686018427388e+18 AS `__9`,
        COALESCE(ABS(`data`.`x`), 0.0e0) < 1073741824.0e0
        AND `data`.`__10` IS NOT DISTINCT FROM SAFE_CAST(`data`.`__10` AS INT64) AS `__12`,
        SAFE_CAST(`data`.`__7` AS INT64) AS `__14`,
        SAFE_CAST(`data`.`__10` AS INT64) AS `__17`
      FROM (
        SELECT
          *,
          (
            `data`.`__6` * `data`.`__6` - `data`.`__4`
          ) + (
            `data`.`__6` * 2.0e0
          ) * (
            `data`.`__5` - `data`.`__6`
          ) + (
            `data`.`__5` - `data`.`__6`
          ) * (
            `data`.`__5` - `data`.`__6`
          ) AS `__7`,
          (
            `data`.`__8` - SAFE_CAST(`data`.`__8` AS INT64)
          ) * 4.611686018427388e+18 AS `__10`,
          SAFE_CAST(`data`.`__8` AS INT64) AS `__15`
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
            END AS `__3`,
            `data`.`__5` * 134217729.0e0 - (
              `data`.`__5` * 134217729.0e0 - `data`.`__5`
            ) AS `__6`,
            (
              `data`.`__4` - SAFE_CAST(`data`.`__4` AS INT64)
            ) * 4.611686018427388e+18 AS `__8`,
            SAFE_CAST(`data`.`__4` AS INT64) AS `__13`
          FROM (
            SELECT
              *,
              SAFE_CAST(`data`.`x` AS INT64) + SAFE_CAST((
                `data`.`x` - SAFE_CAST(`data`.`x` AS INT64)
              ) * 4.611686018427388e+18 AS INT64) * 2.168404344971009e-19 IS NOT DISTINCT FROM `data`.`x` AS `__0`,
              SAFE_CAST(`data`.`x` AS INT64) AS `__1`,
              SAFE_CAST((
                `data`.`x` - SAFE_CAST(`data`.`x` AS INT64)
              ) * 4.611686018427388e+18 AS INT64) AS `__2`,
              CASE
                WHEN ABS(`data`.`x`) <= 1.3407807929942596e+154
                THEN `data`.`x` * `data`.`x`
              END AS `__4`,
              CASE WHEN ABS(`data`.`x`) < 4.611686018427388e+18 THEN `data`.`x` END AS `__5`
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
  ) AS data
) AS data
GROUP BY
  CAST(`data`.`yyyy_mm_dd` AS DATE),
  CAST(`data`.`split` AS STRING)
