"""Schemas that were written before the rules of join detection were set on others, and looked at only afterwards."""

# ruff: noqa: E501 (a table is a line)

from __future__ import annotations

from benchmarks.join_schemas.written import written

HELD_OUT = {
    "suppliers": written(
        "suppliers",
        "parts and suppliers: every column begins with its table's letter, and `custkey` is one word",
        """
        region 5: r_regionkey id 0 | r_name name | r_comment name
        nation 25: n_nationkey id 0 | n_name name | n_regionkey > region.r_regionkey | n_comment name
        supplier 200: s_suppkey id | s_name name | s_address hash 14 | s_nationkey > nation.n_nationkey | s_phone hash 10 | s_acctbal big | s_comment name
        customer 1500: c_custkey id | c_name name | c_address hash 14 | c_nationkey > nation.n_nationkey | c_phone hash 10 | c_acctbal big | c_mktsegment word 5
        part 2000: p_partkey id | p_name name | p_mfgr word 5 | p_brand word 25 | p_type word 150 | p_size int 1 50 | p_container word 40 | p_retailprice money
        partsupp 6000: ps_partkey+ps_suppkey grid part.p_partkey supplier.s_suppkey | ps_availqty int 1 9999 | ps_supplycost money
        orders 6000: o_orderkey id | o_custkey > customer.c_custkey | o_orderstatus one O,F,P | o_totalprice money | o_orderdate day | o_orderpriority word 5 | o_clerk word 100 | o_shippriority same 0
        lineitem 15000: l_orderkey > orders.o_orderkey | l_partkey+l_suppkey > partsupp.ps_partkey+ps_suppkey | l_linenumber within l_orderkey | l_quantity int 1 50 | l_extendedprice money | l_discount zeros .1 10 | l_tax zeros .1 8 | l_shipdate day | l_commitdate day | l_receiptdate day
        """,
    ),
    "rentals": written(
        "rentals",
        "film rental: addresses as a table, countries and cities, `last_update` in all tables",
        """
        country 109: country_id id | country name | last_update same 2006-02-15
        city 600: city_id id | city name | country_id > country.country_id | last_update same 2006-02-15
        address 603: address_id id | address hash 12 | district word 300 | city_id > city.city_id | postal_code hash 5 | phone hash 10
        language 6: language_id id | name name
        category 16: category_id id | name name
        actor 200: actor_id id | first_name word 130 | last_name word 120
        film 1000: film_id id | title name | release_year same 2006 | language_id > language.language_id | rental_duration int 3 7 | length int 46 185 | rating word 5
        film_actor 4000: actor_id+film_id grid actor.actor_id film.film_id
        film_category 1000: film_id => film.film_id | category_id > category.category_id
        store 2: store_id id | manager_staff_id id | address_id > address.address_id
        staff 2: staff_id id | first_name name | address_id > address.address_id | email hash 10 | store_id > store.store_id
        customer 599: customer_id id | store_id > store.store_id | first_name word 400 | last_name name | email hash 14 | address_id > address.address_id | activebool flag | create_date day
        inventory 4581: inventory_id id | film_id > film.film_id | store_id > store.store_id
        rental 8000: rental_id id | rental_date time | inventory_id > inventory.inventory_id | customer_id > customer.customer_id | return_date time | staff_id > staff.staff_id
        payment 8000: payment_id id 16000 | customer_id > customer.customer_id | staff_id > staff.staff_id | rental_id > rental.rental_id | amount money | payment_date time
        """,
    ),
    "hospital": written(
        "hospital",
        "stays in hospital: subject, stay and item ids of large ranges, code tables with versions, events by hour",
        """
        patients 1200: subject_id id 10000032 | gender one M,F | anchor_age int 18 91 | anchor_year int 2110 2200 | dod day ?.8
        admissions 3000: hadm_id id 20000019 | subject_id > patients.subject_id | admittime time | dischtime time | admission_type word 9 | insurance word 3 | hospital_expire_flag one 0,1
        icustays 1000: stay_id id 30000153 | hadm_id > admissions.hadm_id | subject_id copy hadm_id subject_id | first_careunit word 9 | intime time | los money
        d_items 900: itemid id 220001 | label name | abbreviation hash 6 | category word 12 | lownormalvalue zeros .8 50
        d_labitems 700: itemid id 50801 | label name | fluid word 8 | category word 3
        d_icd_diagnoses 1500: icd_version+icd_code grid 9,10 1001..1900 | long_title name
        diagnoses_icd 6000: subject_id > patients.subject_id | hadm_id > admissions.hadm_id | seq_num int 1 20 | icd_version+icd_code > d_icd_diagnoses.icd_version+icd_code
        chartevents 12000: stay_id > icustays.stay_id | itemid > d_items.itemid | charttime time | valuenum money ?.1 | warning one 0,1
        labevents 12000: labevent_id id | subject_id > patients.subject_id | hadm_id > admissions.hadm_id ?.4 | itemid > d_labitems.itemid | charttime time | valuenum money ?.1
        caregivers 90: cgid id 100 | label word 15
        transfers 5000: transfer_id id 31000001 | hadm_id > admissions.hadm_id ?.15 | eventtype word 4 | careunit word 30 | intime time | outtime time
        """,
    ),
    "transit": written(
        "transit",
        "timetables: stops, trips and calendars with text keys, sequences within trips, shapes by point",
        """
        agency 3: agency_id code AG | agency_name name | agency_url hash 12 | agency_timezone same Europe/Paris
        routes 80: route_id code R | agency_id > agency.agency_id | route_short_name word 78 | route_type int 0 3 | route_color hash 6
        calendar 12: service_id code S | monday one 0,1 | tuesday one 0,1 | sunday one 0,1 | start_date int 20230101 20230131 | end_date int 20231201 20231231
        calendar_dates 300: service_id > calendar.service_id | date int 20230101 20231231 | exception_type int 1 2
        shapes 4000: shape_id+shape_pt_sequence grid A1,A2,A3,A4,A5,A6,A7,A8,A9,B1,B2,B3,B4,B5,B6,B7,B8,B9,C1,C2 1..200 | shape_pt_lat money | shape_dist_traveled big
        stops 500: stop_id hash 7 | stop_name name | stop_lat money | zone_id word 6 | wheelchair_boarding int 0 2
        trips 1500: trip_id hash 11 | route_id > routes.route_id | service_id > calendar.service_id | trip_headsign word 60 | direction_id one 0,1 | block_id int 1 300
        stop_times 12000: trip_id > trips.trip_id | stop_id > stops.stop_id | stop_sequence within trip_id | pickup_type zeros .9 3 | drop_off_type zeros .9 3
        stop_delays 5000: trip_id+stop_sequence > stop_times.trip_id+stop_sequence | measured time | seconds zeros .3 900
        transfers 200: from_stop_id > stops.stop_id | to_stop_id > stops.stop_id | transfer_type int 0 3 | min_transfer_time int 60 600
        fare_attributes 9: fare_id code FA | price money | payment_method one 0,1 | agency_id > agency.agency_id
        fare_rules 60: fare_id > fare_attributes.fare_id | route_id > routes.route_id
        """,
    ),
    "questions": written(
        "questions",
        "questions and answers: an Id in every table, counted from 1; counters, scores and years everywhere",
        """
        Users 3000: Id id | Reputation big | DisplayName word 2500 | CreationDate time | Views big | UpVotes zeros .4 900 | DownVotes zeros .6 200 | Age int 14 80 ?.5
        PostTypes 8: Id id | Name name
        Posts 8000: Id id | PostTypeId > PostTypes.Id | OwnerUserId > Users.Id ?.02 | LastEditorUserId > Users.Id ?.5 | Score zeros .4 200 | ViewCount big | AnswerCount zeros .3 20 | CreationDate time
        Comments 9000: Id id | PostId > Posts.Id | UserId > Users.Id ?.03 | Score zeros .7 60 | CreationDate time
        VoteTypes 15: Id id | Name name
        Votes 12000: Id id | PostId > Posts.Id | VoteTypeId > VoteTypes.Id | UserId > Users.Id ?.9 | BountyAmount zeros .98 500 | CreationDate day
        Badges 5000: Id id | UserId > Users.Id | Name word 90 | Class int 1 3 | Date time
        Tags 400: Id id | TagName name | Count big
        PostTags 9000: PostId+TagId grid Posts.Id Tags.Id
        LinkTypes 2: Id each 1,3 | Name name
        PostLinks 900: Id id | PostId > Posts.Id | RelatedPostId > Posts.Id | CreationDate time
        SiteStats 700: Day day | Visits big | Questions int 50 400 | Answers int 50 600
        """,
    ),
    "personnel": written(
        "personnel",
        "personnel: short names of columns (`emp_no`, `dept_cd`, `loc_id`), one-row and tiny tables, copies of addresses",
        """
        company 1: comp_id id | comp_nm name | cntry_cd same NL | city same Utrecht | fiscal_yr same 2023
        parameter 1: param_id id 7 | cntry_cd same NL | city same Utrecht | lang same nl
        rgn 4: rgn_id id | rgn_nm name
        cntry 30: cntry_cd hash 2 | cntry_nm name | rgn_id > rgn.rgn_id
        loc 23: loc_id id 1000 | street_addr hash 12 | postal_cd hash 6 | city word 21 | cntry_cd > cntry.cntry_cd
        dept 27: dept_cd code D | dept_nm name | mgr_emp_no int 100 140 | loc_id > loc.loc_id
        job 19: job_cd code J | job_title name | min_sal int 2000 9000 | max_sal int 9000 40000
        emp 1070: emp_no id 100 | first_nm word 300 | last_nm word 800 | email hash 9 | phone_nr hash 10 | hire_dt day | job_cd > job.job_cd | dept_cd > dept.dept_cd ?.01 | sal int 2000 24000 | comm zeros .7 40 | home_addr hash 12 | home_postal_cd hash 6
        job_hist 400: emp_no > emp.emp_no | start_dt day | end_dt day | job_cd > job.job_cd | dept_cd > dept.dept_cd
        pay_period 60: yr+mth grid 2019..2023 1..12 | closed flag | days int 20 23
        payslip 9000: emp_no > emp.emp_no | yr+mth > pay_period.yr+mth | gross big | tax big | hrs int 10 180
        benefit 12: ben_cd code B | ben_descr name | cost money
        emp_benefit 2000: emp_no+ben_cd grid emp.emp_no benefit.ben_cd | since day
        bldg 6: bldg_nr id | addr hash 12 | floors int 1 9
        desk 700: bldg_nr+floor_nr+room_nr+desk_nr grid bldg.bldg_nr 1..5 1..10 1..4 | kind word 3
        desk_booking 3000: emp_no > emp.emp_no | bldg_nr+floor_nr+room_nr+desk_nr > desk.bldg_nr+floor_nr+room_nr+desk_nr | booked day
        """,
    ),
    "meters": written(
        "meters",
        "smart meters: hourly prices and weather, timestamps as keys, tariffs by versions, dense counters",
        """
        grid_zone 6: zone_code each N1,N2,N3,S1,S2,S3 | zone_name name
        price_hour 4000: ts_hour+zone_code grid hours1000 grid_zone.zone_code | eur_mwh money | volume big
        tariff 40: tariff_id+tariff_version grid 1..20 1..4 | rate money | standing_charge money
        household 800: hh_id code H | zone_code > grid_zone.zone_code | persons few | area int 30 300 | postcode hash 6
        meter 900: meter_serial hash 12 | hh_id > household.hh_id | installed day | vendor word 5 | firmware int 1 40
        contract 850: contract_no id 700001 | hh_id > household.hh_id | tariff_id+tariff_version > tariff.tariff_id+tariff_version | signed_on day
        reading 15000: meter_serial > meter.meter_serial !.03 | ts_hour+zone_code > price_hour.ts_hour+zone_code | kwh zeros .2 90 | quality few
        outage 120: outage_nr id | zone_code > grid_zone.zone_code | began time | minutes int 1 600 | customers int 1 900
        calendar_hour 2000: ts hours | is_peak flag | is_holiday flag
        spot_forecast 1500: ts > calendar_hour.ts | model word 3 | eur int 10 90
        firmware_release 40: release_no id | released day | changes int 1 99
        """,
    ),
    "courses": written(
        "courses",
        "a university: snowflaked dimensions, keys of three and four columns, terms, grades and rooms",
        """
        dim_faculty 7: faculty_key id | faculty_name name | dean word 6
        dim_department 30: department_key id | faculty_key > dim_faculty.faculty_key | department_name name | budget big
        dim_lecturer 200: lecturer_key id | department_key > dim_department.department_key | surname word 190 | birth_year int 1950 1995
        dim_student 3000: student_key id | student_nk code ST | enrolled_on day | gender one M,F | credits int 0 180
        dim_term 12: term_key id | academic_year int 2018 2023 | term_name name
        dim_course 300: course_key id | area word 20 | title name | ects int 1 10
        section 1500: subject+catalog_nbr+term+section_nbr grid MATH,PHYS,CHEM,HIST,LAW,ECON 101..140 2201,2202,2203,2301,2302 1..3 | lecturer_key > dim_lecturer.lecturer_key | capacity int 10 300 | building word 9
        enrolment 8000: student_key > dim_student.student_key | subject+catalog_nbr+term+section_nbr > section.subject+catalog_nbr+term+section_nbr | grade int 1 10 ?.2
        exam 2000: subject+catalog_nbr+term+section_nbr > section.subject+catalog_nbr+term+section_nbr | exam_room word 30 | seats int 20 300 | begins time
        fact_attendance 9000: student_fk > dim_student.student_key | course_fk > dim_course.course_key | term_fk > dim_term.term_key | hours few | absences zeros .6 12
        fact_fees 5000: student_nk > dim_student.student_nk | term_key > dim_term.term_key | amount big | reminders zeros .8 4
        library_loan 4000: loan_id id | borrower_nk > dim_student.student_nk | book_nr int 1 5000 | days few
        sport_booking 1500: booking_nr id | court int 1 9 | slot int 1 14 | players int 2 4
        """,
    ),
}
