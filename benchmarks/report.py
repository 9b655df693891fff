"""The tables of the benchmarks: what each number means, its bar, and whether it was met.

python -m benchmarks.report            print the tables of benchmarks/results.json
python -m benchmarks.report --write    and put them into docs/benchmarks.md
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"


@dataclass(frozen=True, slots=True)
class Bar:
    """One measured number: what it is, and what it should be.

    Attributes
    ----------
    name
        In results.json.
    means
        In words.
    limit
        The bar; None: no bar was set.
    at_least
        Whether more is better.
    digits
        How many decimals are told; None: as many as its size asks for.
    """

    name: str
    means: str
    limit: float | None = None
    at_least: bool = False
    digits: int | None = None

    def verdict(self, median: float, worst: float) -> str:
        """Say whether the bar was met, by the median and by the worst of the runs."""
        if self.limit is None:
            return ""
        met = [value >= self.limit if self.at_least else value <= self.limit for value in (median, worst)]
        if all(met):
            return "met"
        return "missed in the worst run" if met[0] else "missed"

    def text(self) -> str:
        """Write the bar."""
        return "" if self.limit is None else f"{'≥' if self.at_least else '≤'} {self.limit:,.10g}"


PAGES = (
    "queue",
    "decision",
    "case",
    "entity",
    "graph",
    "case_graph",
    "search",
    "dashboard",
    "supervisor",
    "live",
)
LEARNT = (
    ("validation", "four weeks, each after a week that was trained on (validation)", (0.890, 0.76, 0.295)),
    ("single", "trained on one week, tested two weeks later", (0.880, 0.73, 0.300)),
    ("single_all_history", "trained on all up to then, tested two weeks later", (0.885, 0.75, 0.305)),
    ("test", "three weeks, each after a week that was trained on (test)", (None, None, None)),
)
FIGURES = (("auc", "AUC"), ("ap", "average precision"), ("cp100", "card precision@100"))
SPEEDS = (
    Bar("model_score_p50_us", "one score of 500 trees of 64 leaves over 60 inputs, median, µs", 80),
    Bar("model_score_p99_us", "the same, 99th percentile, µs"),
    Bar("model_load_ms", "reading, checking and opening that model, ms", 1_000),
    Bar("model_bulk_rows_per_s", "many scores of it, all threads, rows/s", at_least=True),
    Bar("publish_fill_seconds", "publishing a policy with other windows, 200,000 events in the log, s"),
    Bar("publish_swap_ms", "publishing over the windows that are there, ms"),
    Bar("answer_p50_us", "an answer at 300 a second, median, µs"),
    Bar("answer_filling_p50_us", "the same while other windows are filled, µs"),
    Bar("decide_alone_us", "a decision by one policy, µs"),
    Bar("decide_shadow_us", "the same with a second one in shadow, µs"),
    Bar("decide_canary_us", "the same with a canary, µs"),
)
"""Of models and of publishing."""
LEARNING = (
    *(
        Bar(f"learning_{part}_{name}", f"public card data, {what}: {figure}", limit, at_least=True, digits=4)
        for part, what, limits in LEARNT
        for (name, figure), limit in zip(FIGURES, limits, strict=True)
    ),
    Bar(
        "learning_harness_off", "published random forest, largest difference of our windows'", 0.01, digits=4
    ),
    *(
        Bar(
            f"learning_ceiling_{part}_{name}",
            f"an observer that knows the simulator, {part}: {figure}",
            digits=4,
        )
        for part in ("validation", "single", "test")
        for name, figure in (
            *FIGURES,
            ("cp100_expected", "card precision@100 that it may expect"),
            ("cp100_by_card_expected", "the same by card and not by payment"),
        )
    ),
    Bar("large_file_bytes", "a CSV file to train from, bytes", at_least=True),
    Bar("large_file_train_seconds", "training on a week of it, s"),
    Bar("large_file_peak_bytes", "peak memory of that, bytes"),
    Bar("learning_fit_s_most", "training with defaults, the slowest of all, s", 300),
    *(
        Bar(f"learning_s_ffsd_{how}_{name}", f"S-FFSD, {how} split: {figure}", at_least=True, digits=4)
        for how in ("neighbours", "random", "random_late", "ordered")
        for name, figure in FIGURES[:2]
    ),
)
BARS = (
    Bar("kernel_bulk_events_per_s", "100 features, many events at once, events/s", 100_000, at_least=True),
    Bar("kernel_online_p50_us", "100 features, one event, median, µs"),
    Bar("kernel_online_p99_us", "100 features, one event, 99th percentile, µs", 20),
    Bar("kernel_bytes_per_event", "memory of the windows for each event they hold, bytes", 350),
    Bar(
        "kernel_p99_ratio_30d_to_5m",
        "p99 with windows up to 30 days over p99 with windows up to 5 minutes",
        2,
    ),
    Bar("memory_days_at_1000_per_s", "days of 1,000 events/s that the machine's memory holds", at_least=True),
    Bar("rules_us", "the bundled rules when none fires, µs", 20),
    Bar("decision_p50_us", "a whole decision in process, median, µs", 150),
    Bar("decision_p99_us", "a whole decision in process, 99th percentile, µs"),
    Bar("decision_decode_p50_us", "of which: decoding, checking, sealing, µs"),
    Bar("decision_facts_p50_us", "of which: facts and signals, µs"),
    Bar("decision_windows_p50_us", "of which: windows, µs"),
    Bar("decision_rules_p50_us", "of which: rules and reasons, µs"),
    Bar("http_empty_per_s", "GET /health/live, 48 connections, answers/s", at_least=True),
    Bar("http_durable_per_s", "durable decisions over HTTP, 48 connections, answers/s", 3_000, at_least=True),
    Bar("http_durable_p50_ms", "the same, median, ms"),
    Bar("http_durable_p99_ms", "the same, 99th percentile, snapshot and checkpoints included, ms", 40),
    Bar("http_durable_max_ms", "the same, slowest of all, ms"),
    Bar("http_1000_per_s_p50_ms", "at a fixed 1,000 decisions/s, median from the timetable, ms"),
    Bar("http_1000_per_s_p99_ms", "at a fixed 1,000 decisions/s, 99th percentile, ms (aim 10)", 20),
    Bar("http_server_mb", "memory of the server after the load, MiB"),
    Bar("http_log_mb_per_million", "growth of the database for a million decisions, MiB"),
    Bar("start_first_s", "the very first start, compiling, until ready, s"),
    Bar("start_10m_events_s", "a start with 10 million events in the log, until ready, s", 60),
    Bar("start_10m_events_bytes_per_event", "memory of the bundled policy's windows for each event, bytes"),
    Bar(
        "memory_days_of_1000_per_s", "days of 1,000 events/s in memory with the bundled policy", at_least=True
    ),
    *(
        Bar(
            f"pages_{kind}_{page}_p95_ms",
            f"{page} page, 1M decisions and 50k alerts on {name}, 95th percentile, ms",
            100,
        )
        for kind, name in (("sqlite", "SQLite"), ("postgres", "PostgreSQL"))
        for page in PAGES
    ),
    Bar(
        "decisions_quiet_p99_ms",
        "at a fixed 1,000 decisions/s with a worker and idle pages, 99th percentile, ms",
    ),
    Bar("decisions_hammered_p99_ms", "the same while the pages are hammered, ms"),
    Bar("decisions_hammered_ratio", "the second over the first", 1.5),
    Bar("decisions_postgres_quiet_p99_ms", "the same on PostgreSQL: 99th percentile with idle pages, ms"),
    Bar("decisions_postgres_hammered_p99_ms", "the same while the pages are hammered, ms"),
    Bar("decisions_postgres_hammered_ratio", "the second over the first", 1.5),
    Bar("handbook_differences", "replay of public card data: values that differ from DuckDB's", 0),
    Bar("handbook_values_compared", "of so many compared"),
    Bar("handbook_rows", "payments replayed"),
    Bar("handbook_wall_seconds", "the replay, s", 600),
    Bar("handbook_events_per_s", "the replay, events/s", at_least=True),
    Bar("handbook_peak_bytes", "peak memory of the replay, bytes", 2_000_000_000),
    Bar("backtest_parity_payments", "payments of a simulated market decided online and backtested"),
    Bar("backtest_parity_differences", "answers that differ between the two", 0),
    Bar("backtest_payments", "payments of public card data, backtested by 60 features and 50 rules"),
    Bar("backtest_rules_wall_seconds", "without a model, s", 60),
    Bar("backtest_model_wall_seconds", "with a model of 500 trees, s", 120),
    Bar("backtest_rules_peak_bytes", "peak memory without a model, bytes", 3_000_000_000),
    Bar("backtest_model_peak_bytes", "peak memory with a model, bytes", 3_000_000_000),
    Bar("backtest_loop_seconds", "beside it, ten million additions, s"),
    *SPEEDS,
    *LEARNING,
)
HIGHER_IS_BETTER = frozenset(bar.name for bar in BARS if bar.at_least)

PEERS = (
    ("river", "river: count and mean by card over a day"),
    ("bytewax", "bytewax: the same"),
    ("duckdb_batch", "DuckDB: 10 features, windows over a batch"),
    ("duckdb_query", "DuckDB: 10 features, a query per event"),
    ("postgres_query_per_feature", "PostgreSQL: 10 features, 10 queries per event"),
    ("postgres_one_query", "PostgreSQL: 10 features, one query per event"),
    ("zen_table", "zen-engine: 30 rules, a decision table"),
    ("zen_graph", "zen-engine: 30 rules, a graph of expressions"),
    ("zen_compiled", "zen-engine: 30 rules, one compiled expression"),
)
Table = list[tuple[str, ...]]


def is_higher_better(name: str) -> bool:
    """Tell whether more of it is better, so that the worst run is the one with least."""
    return name in HIGHER_IS_BETTER or name.endswith("_per_s")


def bars_table(results: dict[str, Any]) -> Table:
    """Return a row for each number that was measured, after the row of titles."""
    rows: Table = [("name", "what", "median", "worst", "bar", "")]
    for bar in BARS:
        if bar.name not in results:
            continue
        median = results[bar.name]
        worst = results.get(f"{bar.name}_worst", median)
        told = _number(worst, bar.digits) if f"{bar.name}_worst" in results else ""
        number = _number(median, bar.digits)
        rows.append((bar.name, bar.means, number, told, bar.text(), bar.verdict(median, worst)))
    return rows


def peers_table(results: dict[str, Any]) -> Table:
    """Return a row for each peer that was measured, after the row of titles."""
    rows: Table = [("peer and job", "its µs", "Satark's µs", "times Satark's")]
    for name, what in PEERS:
        theirs = results.get(f"peer_{name}_us_per_event", results.get(f"peer_{name}_us"))
        ours = results.get(f"peer_{name}_satark_us_per_event", results.get("peer_zen_satark_us"))
        if theirs is not None and ours is not None:
            times = results[f"peer_{name}_times_satark"]
            rows.append((what, _number(theirs), _number(ours), _number(times)))
    return rows


def conditions(results: dict[str, Any]) -> str:
    """Say on what and when it was measured, and which parts only in passing."""
    parts = sorted(name.removesuffix("_measured_at") for name in results if name.endswith("_measured_at"))
    said = ", ".join(
        f"{part} {results[f'{part}_measured_at'][:10]} ({_how(results, part)})" for part in parts
    )
    return (
        f"{results.get('machine_cpu', '?')}, {results.get('machine_cores', '?')} cores, "
        f"{results.get('machine_memory_gb', '?')} GiB, {results.get('machine_system', '?')}, "
        f"Python {results.get('machine_python', '?')}; load before the run {results.get('machine_load_before', '?')}. "
        f"Measured: {said or 'nothing yet'}."
    )


def _how(results: dict[str, Any], part: str) -> str:
    if results[f"{part}_quick"]:
        return "quick"
    runs = results[f"{part}_runs"]
    return "1 run" if runs == 1 else f"{runs} runs"


def as_text(rows: Table) -> str:
    """Write a table for the terminal."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if _is_number(rows, place) else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def as_markdown(rows: Table) -> str:
    """Write a table for a page."""
    rule = "|".join("--:" if _is_number(rows, place) else "---" for place in range(len(rows[0])))
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], f"|{rule}|", *lines[1:]])


def write_page(results: dict[str, Any], page: Path = PAGE) -> None:
    """Put the tables between the marks of a page."""
    before, begin, rest = page.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{page}: the marks {BEGIN} and {END} are missing")
    parts = [conditions(results), as_markdown(bars_table(results)), as_markdown(peers_table(results))]
    page.write_text("\n\n".join([f"{before}{BEGIN}", *parts, f"{END}{after}"]), "utf-8")


def _is_number(rows: Table, place: int) -> bool:
    return rows[0][place] in {"median", "worst", "bar", "its µs", "Satark's µs", "times Satark's"}


def _number(value: float, digits: int | None = None) -> str:
    if digits is not None:
        return f"{value:,.{digits}f}"
    if value == int(value) or abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2f}"


def main() -> None:
    """Print the tables, and write them into the page where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description="Tables of the results.")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--write", action="store_true", help="put them into docs/benchmarks.md")
    said = parser.parse_args()
    if not said.results.exists():
        raise SystemExit(f"{said.results} is not there yet: run `make bench`")
    results = json.loads(said.results.read_text("utf-8"))
    print("\n\n".join([conditions(results), as_text(bars_table(results)), as_text(peers_table(results))]))
    if said.write:
        write_page(results)


if __name__ == "__main__":
    main()
