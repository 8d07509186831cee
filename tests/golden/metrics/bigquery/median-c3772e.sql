-- median(x)
SELECT
  `items`.`__day`,
  `items`.`__tag_0`,
  MAX(`quantile`) AS `value`,
  MAX(`x`) AS `largest`
FROM (
  SELECT
    `__day`,
    `__tag_0`,
    `x`,
    PERCENTILE_CONT(`x`, 0.5) OVER (PARTITION BY `__day`, `__tag_0`) AS `quantile`
  FROM (
    SELECT
      CAST(`data`.`yyyy_mm_dd` AS DATE) AS `__day`,
      CAST(`data`.`split` AS STRING) AS `__tag_0`,
      CAST(`data`.`x` AS FLOAT64) AS `x`
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
  ) AS `rows`
) AS items
GROUP BY
  `items`.`__day`,
  `items`.`__tag_0`
