WITH `source` AS (
  SELECT
    `transactions`.`transaction_id` AS `transaction_id`,
    `transactions`.`customer_id` AS `customer_id`,
    `transactions`.`product_id` AS `product_id`,
    `transactions`.`transaction_date` AS `transaction_date`,
    `transactions`.`amount` AS `revenue`,
    `transactions`.`country` AS `country`,
    `products`.`category` AS `category`
  FROM `raw_data`.`transactions` AS `transactions`
  INNER JOIN `raw_data`.`products` AS `products`
    ON `transactions`.`product_id` = `products`.`id`
  WHERE
    `transactions`.`transaction_date` >= CAST('2024-01-02 00:00:00' AS DATETIME)
    AND `transactions`.`transaction_date` < CAST('2024-01-11 00:00:00' AS DATETIME)
), `parted` AS (
  SELECT
    *,
    CASE
      WHEN `country` IN ('NL', 'BE')
      THEN 'train'
      WHEN `country` IN ('FR')
      THEN 'test'
      WHEN `country` IN ('DE')
      THEN 'eval'
    END AS `split`
  FROM `source`
), `filter_2_values` AS (
  SELECT
    *
  FROM `parted`
  WHERE
    NOT `country` IS NULL
), `filter_3_aggregate_entities` AS (
  SELECT
    `product_id` AS `entity`
  FROM `filter_2_values`
  WHERE
    `split` IN ('train') AND NOT `product_id` IS NULL
  GROUP BY
    1
  HAVING
    COUNT(DISTINCT `customer_id`) >= 2
), `filter_3_aggregate` AS (
  SELECT
    *
  FROM `filter_2_values`
  WHERE
    `product_id` IN (
      SELECT
        `entity`
      FROM `filter_3_aggregate_entities`
    )
), `filter_4_aggregate_entities` AS (
  SELECT
    `product_id` AS `entity`
  FROM `filter_3_aggregate`
  WHERE
    `split` IN ('train') AND NOT `product_id` IS NULL
  GROUP BY
    1
  HAVING
    SUM(
      CASE
        WHEN NOT IS_NAN(ATAN(`revenue`))
        THEN CASE
          WHEN ABS(`revenue`) < 1e29
          THEN CAST(ROUND(`revenue` * 1e9) AS BIGNUMERIC)
          WHEN NOT `revenue` IS NULL
          THEN ERROR(
            '\'revenue\' holds NaN, an infinity or a number of 1e29 or more, and with it a filter has no exact sum. Correct the source, or keep such rows out with a range filter before this one'
          )
        END
      END
    ) >= CAST('5000000000' AS BIGNUMERIC)
    AND NOT IS_NAN(ATAN(MAX(`revenue`)))
), `filter_4_aggregate` AS (
  SELECT
    *
  FROM `filter_3_aggregate`
  WHERE
    `product_id` IN (
      SELECT
        `entity`
      FROM `filter_4_aggregate_entities`
    )
), `filter_5_aggregate_entities` AS (
  SELECT
    `customer_id` AS `entity`
  FROM `filter_4_aggregate`
  WHERE
    `split` IN ('train') AND NOT `customer_id` IS NULL
  GROUP BY
    1
  HAVING
    (
      MIN(`revenue`) >= -CAST(50.0 AS FLOAT64) AND NOT IS_NAN(ATAN(MIN(`revenue`)))
    )
    AND NOT IS_NAN(ATAN(MAX(`revenue`)))
), `filter_5_aggregate` AS (
  SELECT
    *
  FROM `filter_4_aggregate`
  WHERE
    `customer_id` IN (
      SELECT
        `entity`
      FROM `filter_5_aggregate_entities`
    )
)
SELECT
  `transaction_id`,
  `customer_id`,
  `product_id`,
  `transaction_date`,
  `revenue`,
  CASE
    WHEN `country` IS NULL
    THEN ERROR('dataset labelled: null in country, where nulls are written to fail')
    ELSE `country`
  END AS `country`,
  `category`,
  CASE
    WHEN `split` IS NULL
    THEN ERROR('dataset labelled: a country that means no part')
    ELSE `split`
  END AS `split`
FROM `filter_5_aggregate`
