"""How the report looks: paper by day, ink by night, one column on a phone, and fit to be printed."""

STYLE = """
:root { color-scheme: light dark;
  --paper: #f6f3ec; --card: #fffdf9; --ink: #16212b; --quiet: #55616e; --line: #ddd6c8; --accent: #0b5c63;
  --allow: #1d6b40; --allow-soft: #e3f1e6; --challenge: #775400; --challenge-soft: #f9edcb;
  --hold: #9c3d0c; --hold-soft: #fbe4d3; --block: #a3122c; --block-soft: #f9dbdd; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #0f161d; --card: #182129; --ink: #e9ecef; --quiet: #a3afbb; --line: #2c3843; --accent: #6fc9cf;
  --allow: #7fd3a0; --allow-soft: #173226; --challenge: #eccb6a; --challenge-soft: #362e13;
  --hold: #f5a877; --hold-soft: #3b2415; --block: #ff97a3; --block-soft: #421a21; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Devanagari", "Nirmala UI", sans-serif; }
:lang(hi) body { line-height: 1.65; }
main { max-width: 72rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; display: grid; gap: 1.1rem;
  grid-template-columns: minmax(0, 1fr); }
header { padding: .25rem .25rem .5rem; }
h1 { font-size: 1.1rem; margin: 0; color: var(--quiet); font-weight: 600; }
h2 { font-size: 1.1rem; margin: 0 0 .8rem; }
h3 { font-size: .98rem; margin: 1.4rem 0 .4rem; }
p { margin: .2rem 0 .6rem; } ul { margin: 0; padding-left: 1.15rem; display: grid; gap: .3rem; }
.what { font-size: 1.55rem; line-height: 1.25; font-weight: 650; margin: .1rem 0 .3rem; overflow-wrap: anywhere; }
.headline { font-size: 1.2rem; margin: .9rem 0 0; padding-left: .8rem; border-left: .3rem solid var(--accent); }
.quiet { color: var(--quiet); } h3 .quiet { font-weight: 400; font-size: .9rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.1rem 1.2rem; }
section.notes { background: var(--challenge-soft); border-color: transparent; }
section.how { background: none; border: 0; padding: 0 .25rem; font-size: .9rem; color: var(--quiet); }
.cards { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: .2rem 1.4rem; margin: 0; }
.cards > div { padding: .6rem 0; border-top: 1px solid var(--line); }
.cards > div:nth-child(-n+4) { border-top: 0; }
.cards dt { color: var(--quiet); font-size: .86rem; }
.cards dd { margin: 0; font-size: 1.4rem; font-weight: 650; font-variant-numeric: tabular-nums; }
.cards dd.small, .cards dd.change { font-size: .85rem; font-weight: 400; color: var(--quiet); }
.cards dd.change { font-weight: 600; }
.cards dd.good { color: var(--allow); } .cards dd.bad { color: var(--block); }
.scroll { overflow-x: auto; margin-top: .3rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .6rem; text-align: right; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-size: .8rem; font-weight: 600; color: var(--quiet); vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
.badge, .rules small, .rules td:nth-child(n+5) { white-space: nowrap; }
.examples td:nth-child(2), .examples td:nth-child(4), .examples small { white-space: nowrap; }
.examples td:nth-child(n+3), .examples th:nth-child(n+3) { text-align: left; }
tbody tr:last-child td { border-bottom: 0; }
code { font: .88em ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.action { display: inline-block; padding: 0 .5rem; border-radius: 1rem; font-size: .84rem; font-weight: 600;
  white-space: nowrap; }
.allow { color: var(--allow); background: var(--allow-soft); }
.challenge { color: var(--challenge); background: var(--challenge-soft); }
.hold { color: var(--hold); background: var(--hold-soft); } .block { color: var(--block);
  background: var(--block-soft); }
.badge { font-size: .78rem; border: 1px solid var(--line); border-radius: .3rem; padding: 0 .35rem;
  color: var(--quiet); }
.cell.same { color: var(--quiet); } .cell.graver { color: var(--hold); font-weight: 650; }
.cell.milder { color: var(--allow); font-weight: 650; }
.label-fraud { color: var(--block); font-weight: 600; } .label-none { color: var(--quiet); }
del { color: var(--quiet); } ins { text-decoration: none; font-weight: 600; }
.examples td:last-child { overflow-wrap: anywhere; font-size: .86rem; }
.pictures { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem 1.5rem; margin: .5rem 0; }
figure { margin: 0; } figcaption { font-size: .85rem; color: var(--quiet); text-align: center; }
@media (max-width: 48rem) {
  main { padding: 1rem .6rem 2rem; } section { padding: .9rem .8rem; }
  .what { font-size: 1.25rem; } .headline { font-size: 1.05rem; }
  .cards { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .cards > div:nth-child(-n+4) { border-top: 1px solid var(--line); }
  .cards > div:nth-child(-n+2) { border-top: 0; }
  .cards dd { font-size: 1.15rem; } .pictures { grid-template-columns: minmax(0, 1fr); }
  .chart { font-size: 22px; }
  table.rules, table.examples { display: block; }
  .rules thead, .examples thead { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); }
  .rules tbody, .examples tbody, .rules tr, .examples tr { display: block; }
  .rules tr, .examples tr { border-bottom: 1px solid var(--line); padding: .5rem 0; }
  .rules td, .examples td { display: flex; justify-content: space-between; gap: 1rem; border: 0;
  padding: .12rem 0; text-align: right; }
  .rules td:first-child, .examples td:first-child { display: block; text-align: left; padding-bottom: .3rem; }
  .rules td:not(:first-child)::before, .examples td:not(:first-child)::before {
    content: attr(data-name); color: var(--quiet); text-align: left; font-size: .85rem; flex: none;
  max-width: 55%; }
  .examples td { text-align: right; } .examples td:last-child { display: block; text-align: left; }
  .examples td:last-child::before { display: none; }
}
@media print { body { background: #fff; } section { break-inside: avoid; border-color: #ccc; }
  .rules tr { break-inside: avoid; } }
"""
