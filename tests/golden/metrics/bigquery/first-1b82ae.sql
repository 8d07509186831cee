-- first(d, n)
SELECT
  `__day`,
  `__tag_0`,
  `order`,
  `value`
FROM (
  SELECT
    `__day`,
    `__tag_0`,
    `order`,
    `value`,
    ROW_NUMBER() OVER (PARTITION BY `__day`, `__tag_0` ORDER BY `order` NULLS LAST, `value` NULLS LAST) AS `place`
  FROM (
    SELECT
      CAST(`data`.`yyyy_mm_dd` AS DATE) AS `__day`,
      CAST(`data`.`split` AS STRING) AS `__tag_0`,
      `data`.`n` AS `order`,
      `data`.`d` AS `value`
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
      AND NOT `data`.`n` IS NULL
      AND NOT `data`.`d` IS NULL
  ) AS `rows`
) AS ranked
WHERE
  `place` = 1
