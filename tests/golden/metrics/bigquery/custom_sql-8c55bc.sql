-- custom_sql(MAX(LENGTH(s)), max) where n > 0
SELECT
  CAST(`data`.`yyyy_mm_dd` AS DATE) AS `__day`,
  CAST(`data`.`split` AS STRING) AS `__tag_0`,
  MAX(CHAR_LENGTH(`data`.`s`)) AS `a0`
FROM (
  SELECT
    *
  FROM `raw data`.`rows`
) AS data
WHERE
  (
    (
      `data`.`yyyy_mm_dd` >= CAST('2024-02-28' AS DATE)
      AND `data`.`yyyy_mm_dd` < CAST('2024-03-01' AS DATE)
    )
    AND CAST(`data`.`split` AS STRING) IN ('train')
  )
  AND `data`.`n` > 0
GROUP BY
  CAST(`data`.`yyyy_mm_dd` AS DATE),
  CAST(`data`.`split` AS STRING)
