-- minimum(x)
SELECT
  CAST(`data`.`yyyy_mm_dd` AS DATE) AS `__day`,
  CAST(`data`.`split` AS STRING) AS `__tag_0`,
  MIN(`data`.`x`) AS `a0`,
  MAX(`data`.`x`) AS `a1`
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
GROUP BY
  CAST(`data`.`yyyy_mm_dd` AS DATE),
  CAST(`data`.`split` AS STRING)
