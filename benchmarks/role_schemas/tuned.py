"""Tables that the words of roles were set on."""

# ruff: noqa: E501 (a table is a line)

from __future__ import annotations

TUNED = """
online_retail: InvoiceNo s, StockCode s, Description s, Quantity i, InvoiceDate w, UnitPrice f, CustomerID f, Country s = entity CustomerID, item StockCode, time InvoiceDate, value UnitPrice
orders: o_orderkey i, o_custkey i, o_orderstatus s, o_totalprice n, o_orderdate d, o_orderpriority s, o_clerk s, o_shippriority i, o_comment s = entity o_custkey, time o_orderdate, value o_totalprice
lineitem: l_orderkey i, l_partkey i, l_suppkey i, l_linenumber i, l_quantity n, l_extendedprice n, l_discount n, l_tax n, l_returnflag s, l_shipdate d, l_commitdate d, l_receiptdate d, l_shipmode s = item l_partkey, value l_extendedprice
store_sales: ss_sold_date_sk i, ss_sold_time_sk i, ss_item_sk i, ss_customer_sk i, ss_cdemo_sk i, ss_store_sk i, ss_promo_sk i, ss_ticket_number i, ss_quantity i, ss_wholesale_cost n, ss_list_price n, ss_sales_price n, ss_ext_sales_price n, ss_ext_tax n, ss_coupon_amt n, ss_net_paid n, ss_net_profit n = entity ss_customer_sk, item ss_item_sk
batting: playerID s, yearID i, stint i, teamID s, lgID s, G i, AB i, R i, H i, HR i, RBI i = entity playerID
weather: origin s, year i, month i, day i, hour i, temp f, dewp f, wind_dir i, wind_speed f, precip f, time_hour t = time time_hour
flights: year i, month i, day i, dep_time i, sched_dep_time i, dep_delay i, carrier s, flight i, tailnum s, origin s, dest s, distance i, time_hour t = time time_hour
invoice: InvoiceId i, CustomerId i, InvoiceDate w, BillingAddress s, BillingCity s, BillingPostalCode s, Total n = entity CustomerId, time InvoiceDate, value Total
invoice_line: InvoiceLineId i, InvoiceId i, TrackId i, UnitPrice n, Quantity i = item TrackId, value UnitPrice
nw_orders: OrderID i, CustomerID s, EmployeeID i, OrderDate w, RequiredDate w, ShippedDate w, ShipVia i, Freight n, ShipName s = entity CustomerID, time OrderDate
order_details: OrderID i, ProductID i, UnitPrice n, Quantity i, Discount f = item ProductID, value UnitPrice
rental: rental_id i, rental_date w, inventory_id i, customer_id i, return_date w, staff_id i, last_update w = entity customer_id, time rental_date
payment: payment_id i, customer_id i, staff_id i, rental_id i, amount n, payment_date w, last_update w = entity customer_id, time payment_date, value amount
film: film_id i, title s, release_year i, language_id i, rental_duration i, rental_rate n, length i, replacement_cost n, rating s, last_update w = item film_id
ratings: userId i, movieId i, rating f, timestamp i = entity userId, item movieId, value rating
olist_orders: order_id s, customer_id s, order_status s, order_purchase_timestamp w, order_approved_at w, order_delivered_carrier_date w, order_delivered_customer_date w, order_estimated_delivery_date w = entity customer_id, time order_purchase_timestamp
olist_order_items: order_id s, order_item_id i, product_id s, seller_id s, shipping_limit_date w, price n, freight_value n = item product_id, time shipping_limit_date, value price
olist_order_payments: order_id s, payment_sequential i, payment_type s, payment_installments i, payment_value n = value payment_value
admissions: subject_id i, hadm_id i, admittime w, dischtime w, deathtime w, admission_type s, insurance s, hospital_expire_flag i = entity subject_id, time admittime
stays: stay_id i, patient_id i, ward s, admitted_at t, nights i = entity patient_id, time admitted_at
Posts: Id i, PostTypeId i, CreationDate w, Score i, ViewCount i, OwnerUserId i, LastEditorUserId i, LastEditDate w, LastActivityDate w, ClosedDate w, Title s = entity OwnerUserId, time CreationDate
yellow_taxi: VendorID i, tpep_pickup_datetime w, tpep_dropoff_datetime w, passenger_count i, trip_distance f, RatecodeID i, PULocationID i, DOLocationID i, payment_type i, fare_amount f, extra f, mta_tax f, tip_amount f, tolls_amount f, total_amount f = time tpep_pickup_datetime, value total_amount
transactions_train: t_dat d, customer_id s, article_id s, price f, sales_channel_id i = entity customer_id, item article_id, time t_dat, value price
favorita: id i, date d, store_nbr i, item_nbr i, unit_sales f, onpromotion b = item item_nbr, time date, value unit_sales
employees: emp_no i, birth_date d, first_name s, last_name s, gender s, hire_date d = entity emp_no, time hire_date
sales_order_header: SalesOrderID i, OrderDate w, DueDate w, ShipDate w, CustomerID i, SalesPersonID i, TerritoryID i, SubTotal n, TaxAmt n, Freight n, TotalDue n, ModifiedDate w = entity CustomerID, time OrderDate, value TotalDue
sales_order_detail: SalesOrderID i, SalesOrderDetailID i, CarrierTrackingNumber s, OrderQty i, ProductID i, SpecialOfferID i, UnitPrice n, UnitPriceDiscount n, LineTotal n, ModifiedDate w = item ProductID, value LineTotal
superstore: Row ID i, Order ID s, Order Date d, Ship Date d, Ship Mode s, Customer ID s, Customer Name s, Product ID s, Category s, Sales f, Quantity i, Discount f, Profit f = entity Customer ID, item Product ID, time Order Date, value Sales
region: r_regionkey i, r_name s, r_comment s =
language: language_id i, name s, last_update w =
airports: faa s, name s, lat f, lon f, alt i, tz i, dst s =
"""
