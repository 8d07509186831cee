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
  LEFT JOIN `raw_data`.`products` AS `products`
    ON `transactions`.`product_id` = `products`.`id`
  WHERE
    `transactions`.`transaction_date` >= CAST('2024-01-03 00:00:00' AS DATETIME)
    AND `transactions`.`transaction_date` < CAST('2024-01-11 00:00:00' AS DATETIME)
), `filled` AS (
  SELECT
    `transaction_id`,
    `customer_id`,
    `product_id`,
    `transaction_date`,
    `revenue`,
    `country`,
    COALESCE(`category`, 'unknown') AS `category`
  FROM `source`
), `parted` AS (
  SELECT
    *,
    CASE
      WHEN `transaction_date` >= CAST('2024-01-03 00:00:00' AS DATETIME)
      AND `transaction_date` < CAST('2024-01-07 00:00:00' AS DATETIME)
      THEN 'train'
      WHEN `transaction_date` >= CAST('2024-01-08 00:00:00' AS DATETIME)
      AND `transaction_date` < CAST('2024-01-10 00:00:00' AS DATETIME)
      THEN 'eval'
      WHEN `transaction_date` >= CAST('2024-01-10 00:00:00' AS DATETIME)
      AND `transaction_date` < CAST('2024-01-11 00:00:00' AS DATETIME)
      THEN 'test'
    END AS `split`
  FROM `filled`
), `filter_2_values` AS (
  SELECT
    *
  FROM `parted`
  WHERE
    `country` IN ('NL', 'BE', 'DE')
), `filter_3_range` AS (
  SELECT
    *
  FROM `filter_2_values`
  WHERE
    `revenue` >= CAST(0.01 AS FLOAT64) AND NOT IS_NAN(ATAN(`revenue`))
), `filter_4_top_products_totals` AS (
  SELECT
    `product_id` AS `product`,
    COALESCE(
      SUM(
        CASE
          WHEN ABS(`revenue`) < 1e29
          THEN CAST(ROUND(`revenue` * 1e9) AS BIGNUMERIC)
          WHEN NOT `revenue` IS NULL
          THEN ERROR(
            '\'revenue\' holds NaN, an infinity or a number of 1e29 or more, and with it a filter has no exact sum. Correct the source, or keep such rows out with a range filter before this one'
          )
        END
      ),
      0
    ) AS `total`
  FROM `filter_3_range`
  WHERE
    `split` IN ('train') AND NOT `product_id` IS NULL
  GROUP BY
    1
), `filter_4_top_products_running` AS (
  SELECT
    `product`,
    `total`,
    SUM(`total`) OVER (
      ORDER BY `total` DESC, `product` ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS `running`,
    SUM(`total`) OVER () AS `whole`
  FROM `filter_4_top_products_totals`
), `filter_4_top_products` AS (
  SELECT
    *
  FROM `filter_3_range`
  WHERE
    `product_id` IN (
      SELECT
        `product`
      FROM `filter_4_top_products_running`
      WHERE
        `whole` > 0 AND (
          `running` - `total`
        ) * 100 < `whole` * 80
    )
), `filter_5_min_transactions_users` AS (
  SELECT
    `customer_id` AS `user`
  FROM `filter_4_top_products`
  WHERE
    `split` IN ('train') AND NOT `customer_id` IS NULL
  GROUP BY
    1
  HAVING
    COUNT(*) >= 2
), `filter_5_min_transactions` AS (
  SELECT
    *
  FROM `filter_4_top_products`
  WHERE
    `customer_id` IN (
      SELECT
        `user`
      FROM `filter_5_min_transactions_users`
    )
)
SELECT
  `transaction_id`,
  `customer_id`,
  `product_id`,
  `transaction_date`,
  `revenue`,
  `country`,
  `category`,
  `split`
FROM `filter_5_min_transactions`
WHERE
  `split` IN ('train', 'eval', 'test')
