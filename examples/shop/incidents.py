"""What goes wrong in the shop, and on which day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Incident:
    """One day on which the shop's transactions are wrong.

    `day` counts from 1, the first day of the world. `caught_by` names the measurement that moves, for whoever
    writes the check. `sql` makes the wrong day out of the right one, which it reads as `clean`.
    """

    day: int
    name: str
    what: str
    caught_by: str
    sql: str

    def date(self, start: date) -> date:
        """The calendar day, in a world that begins on `start`."""
        return start + timedelta(days=self.day - 1)


# Never on neighbouring days: the day after an incident moves back, and that move is nobody's fault.
INCIDENTS: tuple[Incident, ...] = (
    Incident(
        day=10,
        name="emails_go_null",
        what="60 % of the emails are null",
        caught_by="null rate of email",
        sql="SELECT * REPLACE (CASE WHEN transaction_id % 5 >= 3 THEN email END AS email) FROM clean",
    ),
    Incident(
        day=12,
        name="cents_instead_of_euros",
        what="amounts in electronics are 100 times too high",
        caught_by="average of amount",
        sql="""
            SELECT * REPLACE (
                CASE WHEN product_id IN (SELECT id FROM raw_data.products WHERE category = 'electronics')
                     THEN amount * 100 ELSE amount END AS amount
            )
            FROM clean
        """,
    ),
    Incident(
        day=14,
        name="batch_loaded_twice",
        what="the batch of 14:05 (sales from 13:00 on) is there twice",
        caught_by="duplicates of transaction_id",
        sql="""
            FROM clean
            UNION ALL
            FROM clean WHERE loaded_at = date_trunc('day', transaction_date) + INTERVAL '14 hours 5 minutes'
        """,
    ),
    Incident(
        day=17,
        name="half_a_day_missing",
        what="nothing after 12:00",
        caught_by="row count against the day before",
        sql="FROM clean WHERE hour(transaction_date) < 12",
    ),
    Incident(
        day=19,
        name="new_country_code",
        what="5 % of the sales have the country XK",
        caught_by="values of country",
        sql="SELECT * REPLACE (CASE WHEN transaction_id % 20 = 0 THEN 'XK' ELSE country END AS country) FROM clean",
    ),
)
