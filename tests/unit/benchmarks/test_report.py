from __future__ import annotations

import json

import pytest
from benchmarks import report
from benchmarks.__main__ import Failed, Skipped, measure, merge, summary

RESULTS = {
    "rules_us": 4.5,
    "rules_us_worst": 25.0,
    "http_durable_per_s": 2_900.0,
    "http_durable_per_s_worst": 2_500.0,
    "handbook_differences": 0,
    "peer_river_us_per_event": 70.0,
    "peer_river_satark_us_per_event": 7.0,
    "peer_river_times_satark": 10.0,
}


def test_a_bar_is_judged_by_median_and_worst_when_both_were_measured():
    verdicts = {row[0]: row[-1] for row in report.bars_table(RESULTS)}
    assert verdicts["rules_us"] == "missed in the worst run"
    assert verdicts["http_durable_per_s"] == "missed"
    assert verdicts["handbook_differences"] == "met"


def test_figures_of_learning_are_told_to_the_digit_that_their_bar_needs():
    found = {"learning_single_auc": 0.88004, "learning_single_auc_worst": 0.8797}
    row = report.bars_table(found)[1]
    assert row[2:] == ("0.8800", "0.8797", "≥ 0.88", "missed in the worst run")


def test_a_number_has_no_row_when_it_was_not_measured():
    assert [row[0] for row in report.bars_table({})] == ["name"]
    assert len(report.peers_table({})) == 1


def test_the_worst_run_is_the_least_when_more_is_better():
    assert summary({"http_empty_per_s": [3.0, 1.0, 2.0], "rules_us": [3.0, 1.0, 2.0]}) == {
        "http_empty_per_s": 2.0,
        "http_empty_per_s_worst": 1.0,
        "rules_us": 2.0,
        "rules_us_worst": 3.0,
    }


def test_the_page_has_the_tables_once_when_it_is_written_twice(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n", "utf-8")
    report.write_page(RESULTS, page)
    first = page.read_text("utf-8")
    report.write_page(RESULTS, page)
    assert page.read_text("utf-8") == first
    assert first.startswith("before\n")
    assert first.endswith(f"{report.END}\nafter\n")
    assert "old" not in first
    assert "| river: count and mean by card over a day | 70 | 7 | 10 |" in first


def test_a_page_is_left_alone_when_it_has_no_marks(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("nothing", "utf-8")
    with pytest.raises(SystemExit, match="marks"):
        report.write_page(RESULTS, page)
    assert page.read_text("utf-8") == "nothing"


def test_the_page_of_the_documentation_has_the_marks_when_the_tables_are_to_be_written():
    text = report.PAGE.read_text("utf-8")
    assert text.count(report.BEGIN) == text.count(report.END) == 1


def test_other_results_stay_when_one_part_is_merged(tmp_path):
    path = tmp_path / "new" / "results.json"
    merge(path, {"a": 1, "b": 1})
    assert merge(path, {"b": 2}) == {"a": 1, "b": 2}
    assert json.loads(path.read_text("utf-8")) == {"a": 1, "b": 2}


def test_a_part_is_skipped_when_it_says_so(monkeypatch):
    monkeypatch.setattr("benchmarks.__main__._run", lambda *_: "skipped: no data (set SATARK_DATA)")
    with pytest.raises(Skipped, match="no data"):
        measure("handbook", quick=True, runs=1)


def test_a_part_fails_when_its_program_ends_with_an_error(monkeypatch):
    monkeypatch.setattr("benchmarks.__main__.sys.executable", "/bin/false")
    with pytest.raises(Failed, match="ended with 1"):
        measure("handbook", quick=True, runs=1)


def test_conditions_name_the_parts_when_they_were_measured_at_different_times():
    said = report.conditions(
        {
            "kernel_measured_at": "2026-01-02T03:04:05+00:00", "kernel_quick": False, "kernel_runs": 5,
            "handbook_measured_at": "2026-01-03T03:04:05+00:00", "handbook_quick": True, "handbook_runs": 1,
        }
    )  # fmt: skip
    assert "handbook 2026-01-03 (quick), kernel 2026-01-02 (5 runs)" in said
