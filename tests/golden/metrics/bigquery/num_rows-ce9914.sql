-- num_rows() where n > 0
SELECT
  CAST(`data`.`yyyy_mm_dd` AS DATE) AS `__day`,
  CAST(`data`.`split` AS STRING) AS `__tag_0`,
  COUNT(CASE WHEN `data`.`__0` THEN 1 END) AS `a0`
FROM (
  SELECT
    *,
    `data`.`n` > 0 AS `__0`
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
GROUP BY
  CAST(`data`.`yyyy_mm_dd` AS DATE),
  CAST(`data`.`split` AS STRING)
