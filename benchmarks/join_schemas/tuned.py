"""Well-known public schemas, written from memory with made-up rows, that the rules of join detection were set on."""

# ruff: noqa: E501 (a table is a line)

from __future__ import annotations

from benchmarks.join_schemas.written import written

TUNED = {
    "records": written(
        "records",
        "a record shop: `CustomerId` everywhere, copies of addresses and postal codes in invoices",
        """
        artist 275: ArtistId id | Name name
        album 347: AlbumId id | Title name | ArtistId > artist.ArtistId
        employee 8: EmployeeId id | LastName name | Title word 4 | ReportsTo int 1 3 ?.1 | City word 3 | HireDate day
        customer 59: CustomerId id | FirstName word 57 | LastName name | Company word 9 ?.8 | Address hash 12 | City word 50 | Country word 20 | PostalCode hash 6 | Phone hash 10 | Email hash 14 | SupportRepId > employee.EmployeeId
        invoice 412: InvoiceId id | CustomerId > customer.CustomerId | InvoiceDate time | BillingAddress copy CustomerId Address | BillingCity copy CustomerId City | BillingCountry copy CustomerId Country | BillingPostalCode copy CustomerId PostalCode | Total money
        genre 25: GenreId id | Name name
        media_type 5: MediaTypeId id | Name name
        track 3503: TrackId id | Name name | AlbumId > album.AlbumId | MediaTypeId > media_type.MediaTypeId | GenreId > genre.GenreId | Composer word 800 ?.3 | Milliseconds big | Bytes big | UnitPrice money
        invoice_line 2240: InvoiceLineId id | InvoiceId > invoice.InvoiceId | TrackId > track.TrackId | UnitPrice money | Quantity same 1
        playlist 18: PlaylistId id | Name word 14
        playlist_track 4000: PlaylistId+TrackId grid playlist.PlaylistId track.TrackId
        """,
    ),
    "baseball": written(
        "baseball",
        "seasons of teams and players: composite keys of years and texts, and many counts called alike",
        """
        people 2500: playerID hash 9 | birthYear int 1930 1990 | birthCity word 300 | nameFirst word 300 | nameLast word 900 | weight int 150 250 | height int 66 80 | debut day
        teams_franchises 40: franchID code F | franchName name | active flag
        teams 800: yearID+teamID grid 1980..2015 NYA,BOS,CHA,CLE,DET,MIN,OAK,SEA,TEX,TOR,ATL,CHN,CIN,HOU,LAN,MIL,NYN,PHI,PIT,SDN,SFN,SLN,COL,FLO | lgID one AL,NL | franchID > teams_franchises.franchID | Rank int 1 7 | G int 150 163 | W int 50 110 | L int 50 110 | R int 500 950 | H int 1200 1650 | HR int 70 260 | attendance big | park word 60
        batting 9000: playerID > people.playerID | yearID+teamID > teams.yearID+teamID | stint few | G int 1 162 | AB int 0 650 | R int 0 130 | H int 0 220 | HR zeros .5 50 | RBI int 0 140
        pitching 4000: playerID > people.playerID | yearID+teamID > teams.yearID+teamID | W zeros .3 22 | L zeros .3 20 | G int 1 80 | GS zeros .5 35 | SO int 0 300 | ERA money
        salaries 6000: playerID > people.playerID | yearID+teamID > teams.yearID+teamID | salary big
        managers 900: playerID > people.playerID | yearID+teamID > teams.yearID+teamID | inseason within yearID | G int 1 162 | W int 0 110 | L int 0 110 | rank int 1 7
        parks 250: parkkey hash 5 | parkname name | city word 80 | state word 40
        home_games 800: yearkey+teamkey > teams.yearID+teamID | parkkey > parks.parkkey | games int 1 81 | openings int 60 82 | attendance big
        awards 1500: playerID > people.playerID | awardID word 30 | yearID int 1980 2015 | lgID one AL,NL | tie flag ?.9
        series_post 300: yearID int 1980 2015 | round one WS,ALCS,NLCS | wins int 3 4 | losses int 0 3 | ties zeros .95 3
        """,
    ),
    "decisions": written(
        "decisions",
        "a warehouse where every column has its table's letters, and tables are called by their initials in keys",
        """
        date_dim 1500: d_date_sk id 2450000 | d_date_id code AAAA | d_year int 1998 2003 | d_moy int 1 12 | d_dom int 1 28 | d_week_seq int 5000 5300
        time_dim 1440: t_time_sk id 0 | t_time_id code BAAA | t_hour int 0 23 | t_minute int 0 59
        item 800: i_item_sk id | i_item_id code CAAA | i_brand_id int 1001001 1010016 | i_class_id int 1 16 | i_category_id int 1 10 | i_manufact_id int 1 900 | i_current_price money
        customer_demographics 1900: cd_demo_sk id | cd_gender one M,F | cd_dep_count int 0 6 | cd_purchase_estimate int 500 10000
        income_band 20: ib_income_band_sk id | ib_lower_bound id 0 | ib_upper_bound id 10000
        household_demographics 720: hd_demo_sk id | hd_income_band_sk > income_band.ib_income_band_sk | hd_buy_potential word 6 | hd_dep_count int 0 9
        customer_address 1000: ca_address_sk id | ca_address_id code DAAA | ca_street_name word 400 | ca_city word 200 | ca_county word 300 | ca_state word 48 | ca_zip hash 5 | ca_country same United States
        customer 2000: c_customer_sk id | c_customer_id code EAAA | c_current_cdemo_sk > customer_demographics.cd_demo_sk ?.03 | c_current_hdemo_sk > household_demographics.hd_demo_sk ?.03 | c_current_addr_sk > customer_address.ca_address_sk | c_first_sales_date_sk > date_dim.d_date_sk | c_birth_year int 1930 1992 ?.03 | c_email_address hash
        store 4: s_store_sk id | s_store_id code FAAA | s_floor_space big | s_number_employees int 200 300 | s_city word 2 | s_state same TN | s_country same United States | s_zip hash 5
        warehouse 1: w_warehouse_sk id | w_warehouse_id code GAAA | w_warehouse_sq_ft big | w_city same Fairview | w_state same TN | w_country same United States
        ship_mode 20: sm_ship_mode_sk id | sm_ship_mode_id code HAAA | sm_type word 6 | sm_carrier name
        reason 35: r_reason_sk id | r_reason_id code IAAA | r_reason_desc name
        promotion 300: p_promo_sk id | p_promo_id code JAAA | p_start_date_sk > date_dim.d_date_sk | p_end_date_sk > date_dim.d_date_sk | p_item_sk > item.i_item_sk | p_cost money | p_response_target same 1
        store_sales 9000: ss_item_sk+ss_ticket_number grid item.i_item_sk 1..900 | ss_sold_date_sk > date_dim.d_date_sk ?.04 | ss_sold_time_sk > time_dim.t_time_sk ?.04 | ss_customer_sk > customer.c_customer_sk ?.04 | ss_cdemo_sk > customer_demographics.cd_demo_sk ?.04 | ss_hdemo_sk > household_demographics.hd_demo_sk ?.04 | ss_addr_sk > customer_address.ca_address_sk ?.04 | ss_store_sk > store.s_store_sk ?.04 | ss_promo_sk > promotion.p_promo_sk ?.04 | ss_quantity int 1 100 | ss_sales_price money | ss_net_paid money
        store_returns 900: sr_item_sk+sr_ticket_number > store_sales.ss_item_sk+ss_ticket_number | sr_returned_date_sk > date_dim.d_date_sk ?.04 | sr_return_time_sk > time_dim.t_time_sk | sr_customer_sk > customer.c_customer_sk ?.04 | sr_reason_sk > reason.r_reason_sk ?.04 | sr_return_quantity int 1 100 | sr_return_amt money
        inventory 6000: inv_date_sk+inv_item_sk grid date_dim.d_date_sk item.i_item_sk | inv_warehouse_sk > warehouse.w_warehouse_sk | inv_quantity_on_hand int 0 1000
        """,
    ),
    "flights": written(
        "flights",
        "hourly weather: a timestamp in a composite key, three-letter codes, and counts in the range of years",
        """
        airlines 16: carrier each UA,AA,B6,DL,EV,MQ,US,WN,VX,FL,AS,9E,F9,HA,YV,OO | name name
        airports 300: faa hash 3 | name name | lat money | lon money | alt int 0 9000 | tz int -10 -5 | dst one A,N,U
        planes 1500: tailnum code N | year int 1960 2013 ?.02 | type word 3 | manufacturer word 30 | model word 120 | engines int 1 4 | seats int 2 450
        weather 7000: origin+time_hour grid EWR,JFK,LGA hours2600 | temp int 20 100 | dewp int 0 80 | wind_dir int 0 360 | visib int 0 10
        flights 9000: origin+time_hour > weather.origin+time_hour | year same 2013 | month int 1 12 | day int 1 31 | dep_time int 1 2400 ?.02 | dep_delay zeros .3 300 | arr_delay zeros .3 300 | carrier > airlines.carrier | flight int 1 6000 | tailnum > planes.tailnum !.1 ?.01 | dest > airports.faa !.02 | air_time int 20 600 | distance int 80 4983
        """,
    ),
    "traders": written(
        "traders",
        "a trading company of the nineties: text keys of customers, a details table, ships and regions",
        """
        categories 8: CategoryID id | CategoryName name | Description name
        suppliers 29: SupplierID id | CompanyName name | ContactName name | Address hash 12 | City word 28 | PostalCode hash 5 | Country word 12 | Phone hash 9
        products 77: ProductID id | ProductName name | SupplierID > suppliers.SupplierID | CategoryID > categories.CategoryID | UnitPrice money | UnitsInStock int 0 125 | UnitsOnOrder zeros .8 100 | ReorderLevel int 0 30 | Discontinued one 0,1
        employees 9: EmployeeID id | LastName name | Title word 3 | BirthDate day | HireDate day | City word 5 | PostalCode hash 5 | ReportsTo int 1 5 ?.1
        customers 91: CustomerID hash 5 | CompanyName name | ContactName name | Address hash 12 | City word 60 | PostalCode hash 5 ?.05 | Country word 20 | Phone hash 9
        shippers 3: ShipperID id | CompanyName name | Phone hash 9
        region 4: RegionID id | RegionDescription name
        territories 53: TerritoryID hash 5 | TerritoryDescription name | RegionID > region.RegionID
        employee_territories 49: EmployeeID > employees.EmployeeID | TerritoryID > territories.TerritoryID
        orders 830: OrderID id 10248 | CustomerID > customers.CustomerID | EmployeeID > employees.EmployeeID | OrderDate time | RequiredDate time | ShippedDate time ?.03 | ShipVia > shippers.ShipperID | Freight money | ShipName copy CustomerID CompanyName | ShipAddress copy CustomerID Address | ShipCity copy CustomerID City | ShipPostalCode copy CustomerID PostalCode | ShipCountry copy CustomerID Country
        order_details 2155: OrderID > orders.OrderID | ProductID > products.ProductID | UnitPrice money | Quantity int 1 130 | Discount zeros .6 25
        us_states 51: state_id id | state_name name | state_abbr hash 2 | state_region word 4
        """,
    ),
    "marketplace": written(
        "marketplace",
        "an online marketplace: hashes as keys, one prefix for all tables, postal codes that repeat, wide keys",
        """
        mp_geolocation 3000: geolocation_zip_code_prefix int 1001 1900 | geolocation_lat money | geolocation_city word 200 | geolocation_state word 27
        mp_customers 2500: customer_id hash | customer_unique_id hash 31 | customer_zip_code_prefix int 1001 1900 | customer_city word 200 | customer_state word 27
        mp_sellers 300: seller_id hash | seller_zip_code_prefix int 1001 1900 | seller_city word 90 | seller_state word 20
        mp_products 1200: product_id hash | product_category_name word 70 | product_name_lenght int 5 70 | product_weight_g big | product_photos_qty few
        mp_orders 2500: order_id hash | customer_id > mp_customers.customer_id | order_status word 7 | order_purchase_timestamp time | order_delivered_customer_date time ?.03
        mp_order_items 3000: order_id > mp_orders.order_id | order_item_id within order_id | product_id > mp_products.product_id | seller_id > mp_sellers.seller_id | shipping_limit_date time | price money | freight_value money
        mp_order_payments 2700: order_id > mp_orders.order_id | payment_sequential within order_id | payment_type word 4 | payment_installments few | payment_value money
        mp_order_reviews 2400: review_id hash | order_id > mp_orders.order_id | review_score int 1 5 | review_creation_date time
        mp_item_events 2500: order_id+order_item_id > mp_order_items.order_id+order_item_id | event word 6 | seconds big
        mp_stock 2500: country+region+site+week_no grid NL,BE,DE,FR 1..6 A,B,C,D,E 1..30 | pieces int 0 900 | value big
        mp_stock_moves 4000: country+region+site+week_no > mp_stock.country+region+site+week_no | pieces int 1 90 | reason word 5
        """,
    ),
    "races": written(
        "races",
        "races by driver, lap and stop: keys of two and three numbers, positions and points everywhere",
        """
        circuits 77: circuitId id | circuitRef hash 8 | name name | location word 70 | country word 30 | alt int 0 2200
        seasons 60: year id 1960 | url hash
        races 700: raceId id | year > seasons.year | round int 1 22 | circuitId > circuits.circuitId | name word 40 | date day
        drivers 400: driverId id | driverRef hash 9 | number int 1 99 ?.6 | code hash 3 ?.4 | surname word 380 | dob day
        constructors 120: constructorId id | name name | nationality word 20
        status 130: statusId id | status name
        results 9000: resultId id | raceId > races.raceId | driverId > drivers.driverId | constructorId > constructors.constructorId | number int 1 99 | grid zeros .1 26 | position int 1 26 ?.3 | points zeros .6 25 | laps int 0 80 | statusId > status.statusId
        lap_times 8000: raceId+driverId+lap grid races.raceId drivers.driverId 1..60 | position int 1 24 | milliseconds big
        pit_stops 2500: raceId+driverId+lap > lap_times.raceId+driverId+lap | stop few | duration money
        driver_standings 6000: driverStandingsId id | raceId > races.raceId | driverId > drivers.driverId | points zeros .5 400 | position int 1 40 | wins zeros .9 15
        """,
    ),
    "models": written(
        "models",
        "model cars: `customerNumber`, `productCode`, texts as keys, sales representatives, check numbers",
        """
        offices 7: officeCode id | city word 7 | phone hash 9 | addressLine1 hash 12 | country word 5 | postalCode hash 5 | territory word 4
        employees 23: employeeNumber id 1002 | lastName name | extension hash 5 | email hash 9 | officeCode > offices.officeCode | jobTitle word 6
        customers 122: customerNumber id 103 | customerName name | phone hash 9 | addressLine1 hash 12 | city word 95 | postalCode hash 5 | country word 28 | salesRepEmployeeNumber > employees.employeeNumber ?.18 | creditLimit big
        productlines 7: productLine name | textDescription hash 60
        products 110: productCode code S10_ | productName name | productLine > productlines.productLine | productVendor word 13 | quantityInStock big | buyPrice money | MSRP money
        orders 326: orderNumber id 10100 | orderDate day | requiredDate day | shippedDate day | status word 6 | customerNumber > customers.customerNumber
        orderdetails 2996: orderNumber > orders.orderNumber | productCode > products.productCode | quantityOrdered int 20 60 | priceEach money | orderLineNumber within orderNumber
        payments 273: customerNumber > customers.customerNumber | checkNumber hash 8 | paymentDate day | amount money
        """,
    ),
    "chains": written(
        "chains",
        "chains of stores: `store`, `item` and `dept` without a word like id, days as parts of keys, a calendar, oil prices",
        """
        stores 45: Store id | Type one A,B,C | Size big
        features 3000: Store+Date grid stores.Store days120 | Temperature int 20 90 | Fuel_Price money | CPI money | IsHoliday one 0,1
        sales 9000: Store+Date > features.Store+Date | Dept int 1 99 | Weekly_Sales money
        oil 1000: date daily | dcoilwtico money
        holidays 60: date > oil.date | locale word 3 | description name
        transactions 5000: date+store_nbr grid oil.date stores.Store | transactions big
        items 2500: item_nbr id 96995 | family word 30 | class int 1002 7780 | perishable one 0,1
        train 9000: id id | date+store_nbr > transactions.date+store_nbr | item_nbr > items.item_nbr | unit_sales zeros .1 90 | onpromotion one 0,1
        week_calendar 280: wm_yr_wk id 11101 | first_day day | events zeros .8 3
        sell_prices 8000: site_id+sku+wm_yr_wk grid CA_1,CA_2,TX_1,WI_1 F1,F2,F3,F4,F5,H1,H2,H3 week_calendar.wm_yr_wk | sell_price money
        unit_counts 6000: site_id+sku+wm_yr_wk > sell_prices.site_id+sku+wm_yr_wk | units zeros .5 40
        """,
    ),
    "world": written(
        "world",
        "countries and cities: `CountryCode` to `Code`, indicators by country and year, languages, capitals",
        """
        country 239: Code hash 3 | Name name | Continent word 7 | Region word 25 | SurfaceArea big | IndepYear int 1800 1994 ?.2 | Population big | GNP big | Code2 hash 2
        city 4079: ID id | Name name | CountryCode > country.Code | District word 1300 | Population big
        countrylanguage 984: CountryCode > country.Code | Language word 400 | IsOfficial flag | Percentage zeros .1 99
        indicator 1400: series_code code SP. | indicator_name name | topic word 90
        series_notes 900: country_code > country.Code | series_code > indicator.series_code | note hash 30
        observation 9000: country_code > country.Code | series_code > indicator.series_code | year int 1960 2020 | value money
        population_by_year 9000: country_code+year grid country.Code 1960..2020 | total big
        gdp_by_year 6000: country_code+year > population_by_year.country_code+year | gdp big
        """,
    ),
    "cycles": written(
        "cycles",
        "a maker of bicycles: wide headers, addresses by role, special offers by product, one number for all persons",
        """
        BusinessEntity 3000: BusinessEntityID id | rowguid hash 20 | ModifiedDate same 2008-04-30
        Person 2500: BusinessEntityID => BusinessEntity.BusinessEntityID | PersonType word 6 | FirstName word 900 | LastName word 1100 | EmailPromotion int 0 2
        StateProvince 180: StateProvinceID id | StateProvinceCode hash 3 | CountryRegionCode hash 2 | Name name
        Address 4000: AddressID id | AddressLine1 hash 12 | City word 570 | StateProvinceID > StateProvince.StateProvinceID | PostalCode hash 5
        SalesTerritory 10: TerritoryID id | Name name | SalesYTD big | SalesLastYear big
        Store 700: BusinessEntityID => BusinessEntity.BusinessEntityID | Name name
        Customer 3000: CustomerID id 11000 | PersonID > Person.BusinessEntityID ?.03 | StoreID > Store.BusinessEntityID ?.9 | TerritoryID > SalesTerritory.TerritoryID | AccountNumber code AW
        ProductCategory 4: ProductCategoryID id | Name name
        ProductSubcategory 37: ProductSubcategoryID id | ProductCategoryID > ProductCategory.ProductCategoryID | Name name
        UnitMeasure 38: UnitMeasureCode hash 3 | Name name
        Product 504: ProductID id | Name name | ProductNumber hash 7 | SafetyStockLevel int 4 1000 | ReorderPoint int 3 750 | ListPrice money | SizeUnitMeasureCode > UnitMeasure.UnitMeasureCode ?.6 | ProductSubcategoryID > ProductSubcategory.ProductSubcategoryID ?.4
        SpecialOffer 16: SpecialOfferID id | Description name | MinQty int 0 61 | Category word 3
        SpecialOfferProduct 500: SpecialOfferID+ProductID grid SpecialOffer.SpecialOfferID Product.ProductID | rowguid hash 21
        ShipMethod 5: ShipMethodID id | Name name | ShipBase money
        CreditCard 2000: CreditCardID id | CardNumber hash 14 | ExpMonth int 1 12 | ExpYear int 2005 2008
        SalesOrderHeader 4000: SalesOrderID id 43659 | OrderDate day | DueDate day | CustomerID > Customer.CustomerID | SalesOrderNumber code SO | BillToAddressID > Address.AddressID | ShipToAddressID > Address.AddressID | ShipMethodID > ShipMethod.ShipMethodID | CreditCardID > CreditCard.CreditCardID ?.04 | TerritoryID > SalesTerritory.TerritoryID | TotalDue money
        SalesOrderDetail 9000: SalesOrderID > SalesOrderHeader.SalesOrderID | SalesOrderDetailID id | OrderQty few | SpecialOfferID+ProductID > SpecialOfferProduct.SpecialOfferID+ProductID | UnitPrice money
        WorkOrder 3000: WorkOrderID id | ProductID > Product.ProductID | OrderQty big | ScrappedQty zeros .95 600
        """,
    ),
    "encyclopedia": written(
        "encyclopedia",
        "a wiki: columns with their table's letters, references called otherwise, titles and namespaces as a key",
        """
        page 3000: page_id id | page_namespace int 0 15 | page_title word 2500 | page_len big | page_touched time
        actor 900: actor_id id | actor_user int 1 700 ?.2 | actor_name name
        comment 4000: comment_id id | comment_hash int 100000 99999999 | comment_text name
        revision 9000: rev_id id | rev_page > page.page_id | rev_actor > actor.actor_id | rev_comment_id > comment.comment_id | rev_timestamp time | rev_len big | rev_minor_edit one 0,1
        category 500: cat_id id | cat_title name | cat_pages zeros .2 900 | cat_subcats zeros .8 40
        categorylinks 7000: cl_from > page.page_id | cl_to > category.cat_title | cl_sortkey hash 10 | cl_type one page,subcat,file
        site_stats 1: ss_row_id id | ss_total_edits big | ss_good_articles big | ss_users big
        user_groups 300: ug_user int 1 700 | ug_group word 9 | ug_expiry time ?.9
        change_tag_def 60: ctd_id id | ctd_name name | ctd_count big
        change_tag 5000: ct_id id | ct_rev_id > revision.rev_id | ct_tag_id > change_tag_def.ctd_id
        """,
    ),
}
