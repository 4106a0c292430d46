"""Line charts: what is drawn, what is said in words, and what cannot get into the page."""

from __future__ import annotations

import math
import re

import pytest

from cai_ui.web.kit.charts import MOST_POINTS, Series, line_chart, thinned

NAN = math.nan


def lines(html: str) -> list[str]:
    """The drawn paths, without the legend's and the grid's."""
    body = html[html.index("cai-chart-body") :]
    return re.findall(r'cai-chart-line[^"]*"[^>]* d="([^"]*)"', body)


def test_a_chart_without_points_says_so_and_draws_nothing() -> None:
    for empty in ([], [Series("loss", [])]):
        html = line_chart("Loss", empty)
        assert "Nothing has been logged yet" in html
        assert "<svg" not in html


def test_names_and_titles_are_escaped() -> None:
    html = line_chart("<b>Loss</b>", [Series('<img src=x onerror="alert(1)">', [(1, 2.0), (2, NAN)])], x_label="<i>")
    assert "<img" not in html and "<b>" not in html and "<i>" not in html
    assert "&lt;img" in html


def test_values_that_are_no_numbers_leave_a_gap_and_are_named_by_their_step() -> None:
    points = [(1, 2.0), (2, 1.5), (3, NAN), (4, math.inf), (5, 1.0), (6, 0.9)]
    html = line_chart("Loss", [Series("loss", points)])
    assert "2 of 6 values are not a number (at 3, 4)" in html
    assert "nan" not in " ".join(lines(html)).lower()
    assert lines(html)[0].count("M") == 2, "the line is broken once"


def test_nothing_but_nan_is_named_and_not_drawn() -> None:
    html = line_chart("Loss", [Series("loss", [(n, NAN) for n in range(1, 9)])])
    assert "8 of 8 values are not a number (at 1, 2, 3, 4, 5 and more)" in html
    assert "<svg" not in html


def test_a_missing_value_leaves_a_gap_without_a_complaint() -> None:
    html = line_chart("Loss", [Series("loss", [(1, 2.0), (2, None), (3, 1.0)])])
    assert "not a number" not in html
    assert [path.count("h0") for path in lines(html)] == [2], "two points alone are two dots"


def test_a_constant_line_and_a_single_point_can_be_drawn() -> None:
    assert lines(line_chart("Loss", [Series("loss", [(1, 0.0), (2, 0.0)])]))
    assert lines(line_chart("Loss", [Series("loss", [(7, 3.0)])])) == ["M500.0 120.0h0"]


def test_the_highest_value_is_drawn_above_the_lowest() -> None:
    places = [float(y) for _, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", lines(falling())[0])]
    assert places == sorted(places) and places[0] < places[-1]


def test_the_last_values_are_said_in_words() -> None:
    html = line_chart("Accuracy", [Series("right", [(1, 0.5), (2, 0.75), (3, None)])], percent=True)
    assert 'aria-label="Accuracy, last values: right 75 %"' in html
    assert "100 %" in html


@pytest.mark.parametrize("count", [MOST_POINTS, MOST_POINTS + 1, 20_000])
def test_long_series_are_thinned_and_keep_their_spikes_and_ends(count: int) -> None:
    points = [(float(n), 1.0 + n / count) for n in range(count)]
    points[count // 3] = (float(count // 3), 99.0)
    kept = thinned(points)
    assert len(kept) <= MOST_POINTS
    assert kept[0] == points[0] and kept[-1] == points[-1]
    assert max(y for _, y in kept if y is not None) == 99.0
    assert [x for x, _ in kept] == sorted(x for x, _ in kept)


def test_twenty_thousand_points_are_a_small_piece_of_page() -> None:
    html = line_chart("Loss", [Series("loss", [(float(n), math.sin(n)) for n in range(20_000)])])
    assert len(html) < 12_000


def test_two_lines_differ_by_more_than_colour() -> None:
    html = line_chart("Loss", [Series("a", [(1, 1.0), (2, 2.0)]), Series("b", [(1, 2.0), (2, 1.0)], "warn")])
    body = html[html.index("cai-chart-body") :]
    assert body.count("stroke-dasharray") == 1


def falling() -> str:
    return line_chart("Loss", [Series("loss", [(1, 3.0), (2, 2.0), (3, 1.0)])])
