// The one style sheet of the ledger's page, inline and named by its hash in the page's policy:
// readable in light and dark, on a narrow screen and on paper. Private to ledger_page.cc.
#pragma once

namespace soteria::client {

inline constexpr char kPageStyle[] = R"css(
:root { color-scheme: light dark; --ink: #1b2430; --soft: #5b6675; --line: #d8dee6; --page: #ffffff;
  --band: #f4f6f9; --good: #12693f; --goodband: #e4f4ec; --bad: #a01c1c; --badband: #fbe9e9;
  --warn: #7a4b00; --warnband: #fdf2dc; --accent: #1f4f8f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9f0; --soft: #9aa7b8; --line: #333d4b;
  --page: #12171e; --band: #1a212b; --good: #7fd6a8; --goodband: #12301f; --bad: #ff9d9d;
  --badband: #3a1717; --warn: #f2c572; --warnband: #33270e; --accent: #8db8f2; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif; }
main, header, footer { max-width: 84rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 2rem; border-bottom: 1px solid var(--line); padding-bottom: 1rem; }
header p { margin: .25rem 0; color: var(--soft); }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; color: var(--accent); }
p { max-width: 60rem; }
.notice { max-width: none; }
li, td { overflow-wrap: anywhere; }
td bdi { display: inline-block; min-width: 5rem; }
td.mono { min-width: 9.5rem; }
td.name { min-width: 17rem; }
.package { display: block; color: var(--soft); font-size: .75rem; }
li .package { display: inline; font-size: inherit; }
meter { width: 8rem; }
.kicker { text-transform: uppercase; letter-spacing: .08em; font-size: .75rem; }
.badge { display: inline-block; border-radius: 1rem; padding: .1rem .7rem; font-weight: 600;
  font-size: .85rem; overflow-wrap: normal; }
.good { color: var(--good); background: var(--goodband); }
.bad { color: var(--bad); background: var(--badband); }
.warn { color: var(--warn); background: var(--warnband); }
.notice { border-left: 4px solid currentColor; padding: .6rem 1rem; margin: 1rem 0;
  font-weight: 600; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .8rem;
  margin: 1.2rem 0 0; }
.cards div { background: var(--band); border: 1px solid var(--line); border-radius: .5rem;
  padding: .7rem 1rem; }
.cards dt { color: var(--soft); font-size: .8rem; }
.cards dd { margin: 0; font-size: 1.25rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.cards dd small { display: block; font-size: .8rem; font-weight: 400; color: var(--soft); }
.wide { overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; margin: .6rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .86rem; }
caption { text-align: left; padding: .6rem .8rem; color: var(--soft); background: var(--band);
  border-bottom: 1px solid var(--line); }
th, td { text-align: left; vertical-align: top; padding: .4rem .7rem;
  border-bottom: 1px solid var(--line); }
thead th { font-size: .75rem; color: var(--soft); white-space: nowrap; }
tbody tr:last-child > * { border-bottom: 0; }
tbody th { font-weight: 600; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
thead th.n { text-align: right; }
.t { white-space: nowrap; font-variant-numeric: tabular-nums; }
.mono { font-family: ui-monospace, "Liberation Mono", Menlo, Consolas, monospace; font-size: .8rem;
  overflow-wrap: anywhere; }
.key th { width: 15rem; color: var(--soft); font-weight: 400; }
pre { background: var(--band); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem;
  overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .8rem; }
footer { margin-top: 2.5rem; padding-top: 1rem; padding-bottom: 2rem; color: var(--soft);
  font-size: .8rem; border-top: 1px solid var(--line); }
@media print { :root { --ink: #000; --soft: #444; --line: #bbb; --page: #fff; --band: #fff;
  --good: #000; --goodband: #fff; --bad: #000; --badband: #fff; --warn: #000; --warnband: #fff;
  --accent: #000; } body { font-size: 10pt; } h2 { break-after: avoid; }
  tr, pre { break-inside: avoid; } .wide { overflow: visible; } .badge { border: 1px solid #000; }
  main, header, footer { padding: 0; } }
)css";

}  // namespace soteria::client
