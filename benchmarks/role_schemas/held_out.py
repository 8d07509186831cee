"""Tables that were written down with their roles before the words were run on them."""

# ruff: noqa: E501 (a table is a line)

from __future__ import annotations

HELD_OUT = """
instacart_orders: order_id i, user_id i, eval_set s, order_number i, order_dow i, order_hour_of_day i, days_since_prior_order f = entity user_id
instacart_order_products: order_id i, product_id i, add_to_cart_order i, reordered i = item product_id
retailrocket_events: timestamp i, visitorid i, event s, itemid i, transactionid i = entity visitorid, item itemid
lastfm_listens: userid s, timestamp t, artid s, artname s, traid s, traname s = entity userid, time timestamp
yelp_review: review_id s, user_id s, business_id s, stars f, useful i, funny i, text s, date w = entity user_id, item business_id, time date, value stars
amazon_reviews: reviewerID s, asin s, reviewerName s, overall f, summary s, unixReviewTime i, reviewTime d = entity reviewerID, item asin, time reviewTime
book_crossing: User-ID i, ISBN s, Book-Rating i = entity User-ID, item ISBN, value Book-Rating
netflix: CustomerID i, MovieID i, Rating i, Date d = entity CustomerID, item MovieID, time Date, value Rating
yoochoose_buys: Session ID i, Timestamp t, Item ID i, Price i, Quantity i = item Item ID, time Timestamp, value Price
citibike: ride_id s, rideable_type s, started_at w, ended_at w, start_station_name s, start_station_id s, end_station_id s, start_lat f, member_casual s = time started_at
walmart: Store i, Dept i, Date d, Weekly_Sales f, IsHoliday b = time Date, value Weekly_Sales
rossmann: Store i, DayOfWeek i, Date d, Sales i, Customers i, Open i, Promo i, StateHoliday s = time Date, value Sales
telco_churn: customerID s, gender s, SeniorCitizen i, tenure i, Contract s, MonthlyCharges f, TotalCharges f, Churn s = entity customerID, value TotalCharges
credit_fraud: trans_date_trans_time w, cc_num i, merchant s, category s, amt f, first s, last s, gender s, zip i, lat f, dob d, trans_num s, is_fraud i = time trans_date_trans_time, value amt
paysim: step i, type s, amount f, nameOrig s, oldbalanceOrg f, newbalanceOrig f, nameDest s, isFraud i = value amount
goodbooks: user_id i, book_id i, rating i = entity user_id, item book_id, value rating
airbnb_reviews: listing_id i, id i, date d, reviewer_id i, reviewer_name s, comments s = entity reviewer_id, item listing_id, time date
chartevents: subject_id i, hadm_id i, stay_id i, charttime w, storetime w, itemid i, value s, valuenum f, valueuom s, warning i = entity subject_id, item itemid, time charttime
foursquare: user_id i, venue_id s, venue_category_id s, latitude f, longitude f, timezone_offset i, utc_time w = entity user_id, item venue_id, time utc_time
food_interactions: user_id i, recipe_id i, date d, rating i, review s = entity user_id, item recipe_id, time date, value rating
dunnhumby: household_key i, BASKET_ID i, DAY i, PRODUCT_ID i, QUANTITY i, SALES_VALUE f, STORE_ID i, RETAIL_DISC f, TRANS_TIME i, WEEK_NO i = entity household_key, item PRODUCT_ID, value SALES_VALUE
f1_results: resultId i, raceId i, driverId i, constructorId i, grid i, position i, points f, laps i, milliseconds i, statusId i = entity driverId
bike_sharing_hour: instant i, dteday d, season i, yr i, mnth i, hr i, holiday i, temp f, hum f, casual i, registered i, cnt i = time dteday
uber_trips: trip_id s, driver_id s, rider_id s, request_at w, pickup_at w, dropoff_at w, city s, fare_usd n = entity rider_id, time request_at, value fare_usd
bank_trans: trans_id i, account_id i, date d, type s, operation s, amount f, balance f, k_symbol s, bank s = entity account_id, time date, value amount
thelook_order_items: id i, order_id i, user_id i, product_id i, inventory_item_id i, status s, created_at t, shipped_at t, delivered_at t, returned_at t, sale_price f = entity user_id, item product_id, time created_at, value sale_price
classic_payments: customerNumber i, checkNumber s, paymentDate d, amount n = entity customerNumber, time paymentDate, value amount
classic_orderdetails: orderNumber i, productCode s, quantityOrdered i, priceEach n, orderLineNumber i = item productCode, value priceEach
web_sales: ws_sold_date_sk i, ws_ship_date_sk i, ws_item_sk i, ws_bill_customer_sk i, ws_ship_customer_sk i, ws_web_page_sk i, ws_quantity i, ws_sales_price n, ws_net_paid n, ws_net_profit n = item ws_item_sk
imdb_ratings: tconst s, averageRating f, numVotes i = value averageRating
hh_meter: LCLid s, stdorToU s, DateTime w, KWH f, Acorn s = time DateTime, value KWH
students: id_student i, code_module s, code_presentation s, id_assessment i, date_submitted i, score f = entity id_student
gharchive: id s, type s, actor_id i, repo_id i, created_at t, public b = time created_at
nyc_311: unique_key i, created_date w, closed_date w, agency s, complaint_type s, incident_zip s, resolution_action_updated_date w = time created_date
chicago_crimes: id i, case_number s, date w, block s, iucr s, arrest b, updated_on w = time date
stocks: symbol s, date d, open f, high f, low f, close f, adj_close f, volume i = time date
airlines_delay: FL_DATE d, OP_CARRIER s, OP_CARRIER_FL_NUM i, ORIGIN s, DEST s, DEP_DELAY f = time FL_DATE
sakila_inventory: inventory_id i, film_id i, store_id i, last_update w = item film_id
people: playerID s, birthYear i, nameFirst s, weight i, debut d, finalGame d = entity playerID
supplier: s_suppkey i, s_name s, s_address s, s_nationkey i, s_acctbal n, s_comment s =
calendar_dates: service_id s, date d, exception_type i = time date
country: Code s, Name s, Continent s, SurfaceArea f, IndepYear i, Population i, GNP f =
ms_events: visit_ref s, patient_ref s, ward s, drug_code s, given_at w, charted_at w, dose_mg n, charge_eur n = entity patient_ref, item drug_code, value charge_eur
"""
