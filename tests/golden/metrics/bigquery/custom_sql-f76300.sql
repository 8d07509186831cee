-- custom_sql(SUM(n % 5) + COUNT(s))
SELECT
  CAST(`data`.`yyyy_mm_dd` AS DATE) AS `__day`,
  CAST(`data`.`split` AS STRING) AS `__tag_0`,
  CAST(SUM(MOD(`data`.`n`, 5)) AS BIGNUMERIC) + CAST(COUNT(`data`.`s`) AS BIGNUMERIC) AS `a0`
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
