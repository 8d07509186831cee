-- approx_unique_count(s)
SELECT
  `items`.`__day`,
  `items`.`__tag_0`,
  ARRAY_AGG(`least`) AS `hashes`,
  MAX(CAST((
    FARM_FINGERPRINT('dqx') & 9223372036854775807
  ) AS INT64)) AS `probe`
FROM (
  SELECT
    `__day`,
    `__tag_0`,
    MIN(`hash`) AS `least`
  FROM (
    SELECT
      CAST(`data`.`yyyy_mm_dd` AS DATE) AS `__day`,
      CAST(`data`.`split` AS STRING) AS `__tag_0`,
      CAST((
        FARM_FINGERPRINT(CAST(`data`.`s` AS STRING)) & 9223372036854775807
      ) AS INT64) AS `hash`
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
      AND NOT `data`.`s` IS NULL
  ) AS `rows`
  GROUP BY
    `__day`,
    `__tag_0`,
    `hash` & 4095
) AS items
GROUP BY
  `items`.`__day`,
  `items`.`__tag_0`
