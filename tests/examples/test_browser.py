"""What a person sees: the demo in a real browser."""

import shutil

import pytest

from docs.screenshots import browser_page, show_check_partitions, show_lineage, webserver

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("demo"),
    pytest.mark.skipif(
        not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
        reason="There is no Chromium on this machine: apt-get install chromium",
    ),
]


def test_the_ui_shows_a_planted_incident_on_its_partition_and_the_lineage(demo):
    with webserver(demo.dagster_home, demo.data) as address, browser_page(1800, 950) as page:
        check = "volume__at_least_60_percent_of_yesterday_s_sales"
        show_check_partitions(page, address, "shop_daily", check, "2024-01-17", "train")
        page.get_by_text("Failed (2)").wait_for(timeout=20_000)
        seen = page.inner_text("body")
        assert "2024-01-17|train" in seen
        assert "num_rows() / (num_rows() [1 d earlier]) = 0.449591, is not ≥ 0.6" in seen
        assert "lag_1d" in seen

        show_lineage(page, address, "shop_daily")
        seen = page.inner_text("body")
        for asset in ("transactions", "products", "shop_daily", "sales_by_category"):
            assert asset in seen
