"""The style sheet of the report's page: nothing in it comes from outside."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f6f7fa; --paper: #ffffff; --ink: #1f2430; --soft: #5b6475;
  --line: #e1e5ec; --band: #f7f8fb; --accent: #2757c4;
  --good: #14795a; --good-ground: #dff3ea; --bad: #b3172c; --bad-ground: #fde4e6;
  --warn: #8a5a00; --warn-ground: #fdf0d5;
  --c0: #e3f3ec; --c1: #cfe9de; --c2: #fdf3d3; --c3: #fbdcb4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12151b; --paper: #1a1e26; --ink: #e6e9ef; --soft: #9aa4b5;
    --line: #2c333f; --band: #1f242d; --accent: #8fb3ff;
    --good: #6fd3ab; --good-ground: #14362b; --bad: #ff8c98; --bad-ground: #4a1820;
    --warn: #f2c46d; --warn-ground: #3d2f12;
    --c0: #15302a; --c1: #1b4438; --c2: #4a4018; --c3: #5e3a16;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue",
    "DejaVu Sans", sans-serif;
}
main { max-width: 1360px; margin: 0 auto; padding: 2.2rem 1.4rem 4rem; }
header h1 { font-size: 1.9rem; letter-spacing: -0.02em; margin: 0; line-height: 1.2; }
header p { margin: 0.35rem 0 0; color: var(--soft); }
.verdict {
  display: inline-block; margin-top: 1rem; padding: 0.4rem 0.9rem; border-radius: 99px;
  font-weight: 600;
}
.verdict.good { background: var(--good-ground); color: var(--good); }
.verdict.bad { background: var(--bad-ground); color: var(--bad); }
nav { margin: 1.2rem 0 0; display: flex; flex-wrap: wrap; gap: 0.3rem 1.2rem; }
nav a { color: var(--accent); text-decoration: none; }
nav a:hover { text-decoration: underline; }
.cards {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(148px, 1fr));
  gap: 0.9rem; margin: 1.5rem 0 0;
}
.card, section {
  background: var(--paper); border: 1px solid var(--line); border-radius: 12px;
}
.card { padding: 0.9rem 1.1rem; }
.card b {
  display: block; font-size: 1.7rem; line-height: 1.2; letter-spacing: -0.02em;
  font-variant-numeric: tabular-nums;
}
.card span {
  color: var(--soft); font-size: 0.86rem; display: block; line-height: 1.35;
  overflow-wrap: anywhere;
}
.card.bad b { color: var(--bad); }
.card.good b { color: var(--good); }
section { margin-top: 1.4rem; padding: 1.3rem 1.4rem 1.4rem; }
section.alarm { border-color: var(--bad); border-width: 2px; }
h2 { font-size: 1.25rem; margin: 0 0 0.3rem; letter-spacing: -0.01em; }
h3 { font-size: 1rem; margin: 1.4rem 0 0.4rem; }
section > p { margin: 0 0 0.9rem; color: var(--soft); max-width: 76ch; }
.scroll {
  overflow: auto; max-height: 78vh; border: 1px solid var(--line); border-radius: 8px;
  margin-top: 0.7rem;
}
table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: 0.86rem; }
th, td {
  padding: 0.36rem 0.65rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line);
}
tbody tr:last-child td, tbody tr:last-child th { border-bottom: 0; }
thead th {
  position: sticky; top: 0; z-index: 2; background: var(--paper); color: var(--soft);
  font-weight: 600; white-space: nowrap; box-shadow: inset 0 -1px 0 var(--line);
}
thead tr + tr th { top: 2.05rem; }
tbody th { font-weight: 500; }
tbody tr:nth-child(even) { background: var(--band); }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.where { color: var(--soft); white-space: nowrap; }
tr.bad > *, td.bad { background: var(--bad-ground); }
tr.bad > :first-child, td.bad { color: var(--bad); font-weight: 600; }
tr.good > * { background: var(--good-ground); }
tr.loss > * { background: var(--warn-ground); }
.matrix th.group, .matrix td.first { border-left: 1px solid var(--line); }
.matrix thead th { text-align: right; white-space: normal; }
.matrix thead tr + tr th { vertical-align: bottom; }
.matrix tbody th { position: sticky; left: 0; z-index: 1; background: var(--paper); }
.matrix tbody tr:nth-child(even) th { background: var(--band); }
.matrix thead th:first-child, .matrix thead th.group { text-align: left; }
.matrix tbody th { white-space: nowrap; }
.matrix tbody th small { color: var(--soft); font-weight: 400; margin-left: 0.5em; }
.matrix td { text-align: right; font-variant-numeric: tabular-nums; }
.matrix th, .matrix td { padding-left: 0.45rem; padding-right: 0.45rem; }
td.none { color: var(--soft); opacity: 0.55; }
.c0 { background: var(--c0); } .c1 { background: var(--c1); }
.c2 { background: var(--c2); } .c3 { background: var(--c3); }
.legend { display: flex; flex-wrap: wrap; gap: 0.4rem 1.1rem; font-size: 0.84rem;
  color: var(--soft); margin: 0.2rem 0 0; padding: 0; list-style: none; }
.legend i { display: inline-block; width: 1.1em; height: 1.1em; border-radius: 3px;
  vertical-align: -0.2em; margin-right: 0.35em; border: 1px solid var(--line); }
.legend i.bad { background: var(--bad-ground); border-color: var(--bad); }
figure { margin: 1rem 0 0; }
figure img { width: 100%; height: auto; display: block; }
figcaption { color: var(--soft); font-size: 0.86rem; margin-top: 0.3rem; }
details { margin-top: 0.9rem; }
section > details:first-of-type { margin-top: 0.6rem; }
summary { cursor: pointer; color: var(--accent); font-weight: 500; }
summary:hover { text-decoration: underline; }
.wide td { max-width: 24rem; }
@media print {
  .scroll { max-height: none; overflow: visible; }
  body { background: none; }
}
"""
