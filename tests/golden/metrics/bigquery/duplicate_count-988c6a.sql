-- duplicate_count([n])
SELECT
  CAST(`data`.`yyyy_mm_dd` AS DATE) AS `__day`,
  CAST(`data`.`split` AS STRING) AS `__tag_0`,
  COUNT(*) AS `a0`
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
  CAST(`data`.`split` AS STRING);

SELECT
  `items`.`__day`,
  `items`.`__tag_0`,
  COUNT(*) AS `a0`
FROM (
  SELECT
    CAST(`data`.`yyyy_mm_dd` AS DATE) AS `__day`,
    CAST(`data`.`split` AS STRING) AS `__tag_0`,
    `data`.`n` AS `item_0`
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
    CAST(`data`.`split` AS STRING),
    `data`.`n`
) AS items
GROUP BY
  `items`.`__day`,
  `items`.`__tag_0`
