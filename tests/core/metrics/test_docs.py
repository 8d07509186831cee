"""docs/metrics.md says what the classes say, and its examples give what it says they give."""

from docs.metrics import EXAMPLES, EXTENDED, PAGE, page
from dqx_core.metrics.registry import METRICS


def test_every_metric_has_an_example():
    assert list(EXAMPLES) == [metric.kind for metric in METRICS]
    assert all(kind == metric.kind for kind, (metric, _) in EXTENDED.items())


def test_the_page_is_what_the_classes_say():
    assert PAGE.read_text("utf-8") == page(), "write it again: python -m docs.metrics"
