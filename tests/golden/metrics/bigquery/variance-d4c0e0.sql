-- variance(n)
SELECT
  CAST(`data`.`yyyy_mm_dd` AS DATE) AS `__day`,
  CAST(`data`.`split` AS STRING) AS `__tag_0`,
  COUNT(`data`.`n`) AS `a0`,
  SUM(CAST(`data`.`n` AS BIGNUMERIC)) AS `a1`,
  SUM(
    CAST(CASE
      WHEN `data`.`__0`
      THEN CAST(`data`.`n` AS INT64) * CAST(`data`.`n` AS INT64)
    END AS BIGNUMERIC)
  ) AS `a2`,
  SUM(CAST(DIV(`data`.`__2`, 4611686018427387904) AS BIGNUMERIC)) AS `a3`,
  SUM(CAST(MOD(`data`.`__2`, 4611686018427387904) AS BIGNUMERIC)) AS `a4`
FROM (
  SELECT
    *,
    `data`.`__1` * `data`.`__1` AS `__2`
  FROM (
    SELECT
      *,
      CAST(CASE WHEN `data`.`__0` THEN NULL ELSE `data`.`n` END AS BIGNUMERIC) AS `__1`
    FROM (
      SELECT
        *,
        `data`.`n` IS NULL OR (
          `data`.`n` > -2147483648 AND `data`.`n` < 2147483648
        ) AS `__0`
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
GROUP BY
  CAST(`data`.`yyyy_mm_dd` AS DATE),
  CAST(`data`.`split` AS STRING)
