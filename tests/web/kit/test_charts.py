"""Line charts: what is drawn, what is said in words, and what cannot get into the page."""

from __future__ import annotations

import html
import itertools
import json
import math
import re

import numpy as np
import pytest

from cai_ui.web import theme
from cai_ui.web.kit import charts
from cai_ui.web.kit.chart_scale import MOST_POINTS, log_scale, thinned
from cai_ui.web.kit.charts import Series, line_chart

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


def test_a_series_at_its_end_goes_along_whole_and_is_drawn_thinned() -> None:
    """A chart that was saved as a table had 500 of 3,000 rows."""
    points = [(n, 1 / n) for n in range(1, 3001)]
    for whole, count in ((True, 3000), (False, MOST_POINTS)):
        drawn = line_chart("Loss", [Series("loss", points)], whole=whole)
        found = re.search(r'data-chart="([^"]*)"', drawn)
        assert found is not None
        assert len(json.loads(html.unescape(found[1]))["lines"][0]["points"]) == count
        assert lines(drawn)[0].count("L") < MOST_POINTS


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
    assert len(html) < 18_000


def test_two_lines_differ_by_more_than_colour() -> None:
    html = line_chart("Loss", [Series("a", [(1, 1.0), (2, 2.0)]), Series("b", [(1, 2.0), (2, 1.0)], "warn")])
    body = html[html.index("cai-chart-body") :]
    assert body.count("stroke-dasharray") == 1


def falling() -> str:
    return line_chart("Loss", [Series("loss", [(1, 3.0), (2, 2.0), (3, 1.0)])])


def test_what_the_page_reads_are_the_values_themselves_and_nothing_it_could_run() -> None:
    points = [(1, 2.0), (2, NAN), (3, 1 / 3)]
    html_text = line_chart("</script><b>", [Series('"a', points, raw=[(1, 2.5)])], x_label="epoch", percent=False)
    assert "</script>" not in html_text and "<b>" not in html_text
    told = json.loads(html.unescape(re.findall(r'data-chart="([^"]*)"', html_text)[0]))
    assert told["x"] == "epoch" and told["title"] == "</script><b>"
    assert told["lines"] == [
        {"name": '"a', "all": 3, "points": [[1, 2], [2, None], [3, 0.333333]]},
        {"name": '"a', "all": 1, "points": [[1, 2.5]]},
    ]


def test_a_smoothed_line_has_the_values_themselves_behind_it_and_one_place_in_the_legend() -> None:
    html_text = line_chart("Loss", [Series("loss", [(1, 3.0), (2, 2.5)], raw=[(1, 3.0), (2, 2.0)], smooth=2)])
    assert "cai-chart-raw" in html_text and html_text.count("cai-chart-key") == 1
    assert len(lines(html_text)) == 2


def test_a_logarithmic_axis_spaces_powers_of_ten_evenly() -> None:
    html_text = line_chart("Loss", [Series("loss", [(n, 10.0 ** (2 - n)) for n in range(4)])], log=True)
    places = [float(y) for _, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", lines(html_text)[0])]
    assert places == pytest.approx([0, 80, 160, 240])
    low, high, marks = log_scale([0.3, 0.31])
    assert low <= 0.3 and high >= 0.31 and all(low <= mark <= high for mark in marks) and len(marks) >= 2
    assert log_scale([1.0, 1.0])[0] < 1 < log_scale([1.0, 1.0])[1]
    assert len(log_scale([1e-30, 1e30])[2]) < 15


def test_what_has_no_place_on_a_logarithmic_axis_is_named_or_keeps_the_axis_linear() -> None:
    zero = line_chart("Rate", [Series("rate", [(1, 0.0), (2, 1.0), (3, 10.0)])], log=True)
    assert "Values of 0 have no place" in zero and lines(zero)[0].count("L") == 1
    below = [(1, -1.0), (2, 1.0), (3, 10.0)]
    for percent, points in ((False, below), (True, [(1, 0.5), (2, 0.9)])):
        assert line_chart("x", [Series("x", points)], percent=percent, log=True) == line_chart(
            "x", [Series("x", points)], percent=percent
        )


MACHADO = {
    "as they are": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
"""How linear RGB looks to others (Machado, Oliveira and Fernandes 2009, severity 1)."""


def linear(colour: str) -> np.ndarray:
    part = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB (D65) of linear RGB."""
    to_xyz = np.array([(0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505)])
    xyz = to_xyz @ np.clip(rgb, 0, 1) / (0.9505, 1, 1.089)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("look", ["light", "dark"])
def test_any_two_colours_of_lines_are_apart_for_every_kind_of_sight_and_stand_out_from_paper(look: str) -> None:
    style = theme.STYLE.read_text(encoding="utf-8")
    block = style[style.index(":root" if look == "light" else ".dark {") :].split("}")[0]
    colours = dict(re.findall(r"--cai-(chart-\w+|paper): (#\w{6})", block))
    paper = linear(colours.pop("paper")) @ (0.2126, 0.7152, 0.0722)
    assert len(colours) == len({charts.colour_of(place) for place in range(9)})
    for colour in colours.values():
        light, dark = sorted((linear(colour) @ (0.2126, 0.7152, 0.0722), paper), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3
    for one, other in itertools.combinations(colours.values(), 2):
        for sight, seen in MACHADO.items():
            gap = float(np.linalg.norm(lab(np.array(seen) @ linear(one)) - lab(np.array(seen) @ linear(other))))
            assert gap >= 20, (sight, one, other)
