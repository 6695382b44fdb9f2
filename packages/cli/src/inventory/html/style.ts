/** The one style sheet of the page. Its digest is in the page's policy, so nothing else can style it. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f7f8f9; --card: #ffffff; --ink: #17212b; --soft: #55626f; --line: #d9dfe5;
  --unique: #1f5fae; --shared: #9cc3ee; --third: #c2570c; --track: #eceff2; --accent: #1f5fae;
  --level0: #1f5fae; --on0: #ffffff; --level1: #c3d9f4; --level2: #d7e6f8; --level3: #e8f0fb; --on: #17212b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11171d; --card: #19212a; --ink: #e6ebf0; --soft: #a3b0bd; --line: #2d3844;
    --unique: #6aaaf2; --shared: #2d5480; --third: #f0904f; --track: #242e39; --accent: #6aaaf2;
    --level0: #6aaaf2; --on0: #0b1520; --level1: #2d5480; --level2: #274466; --level3: #21384f; --on: #e6ebf0;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
main, header, footer { max-width: 1180px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 32px; }
footer { padding-bottom: 48px; color: var(--soft); font-size: 13px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 18px; line-height: 1.3; margin: 0 0 4px; }
h3 { font-size: 15px; margin: 20px 0 6px; }
p { margin: 0 0 12px; }
.lead, .note { color: var(--soft); }
.note { font-size: 13px; }
a { color: var(--accent); }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.skip { position: absolute; left: -9999px; }
.skip:focus { left: 16px; top: 8px; background: var(--card); padding: 4px 8px; z-index: 1; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 12px 0 0; padding: 0; }
section.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 20px 24px; margin: 20px 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); gap: 12px; margin: 20px 0; padding: 0; }
.figures div { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 16px; }
.figures dt { color: var(--soft); font-size: 13px; }
.figures dd { margin: 0; }
.figures .value { font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums; }
.figures .value, .figures .about { display: block; }
.figures .about { color: var(--soft); font-size: 13px; }
ol.advice { list-style: none; margin: 0; padding: 0; }
ol.advice > li { display: grid; grid-template-columns: 108px 1fr; gap: 0 16px; padding: 12px 0; border-top: 1px solid var(--line); }
ol.advice > li:first-child { border-top: 0; }
.saves { font-weight: 600; font-variant-numeric: tabular-nums; white-space: nowrap; }
.names { margin: 4px 0 0; padding-left: 18px; font-size: 13px; overflow-wrap: anywhere; }
details > summary { cursor: pointer; color: var(--accent); font-size: 13px; width: fit-content; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 18px; list-style: none; margin: 6px 0 12px; padding: 0; font-size: 13px; color: var(--soft); }
.legend svg { width: 11px; height: 11px; margin-right: 6px; vertical-align: -1px; }
.bars { list-style: none; margin: 0; padding: 0; }
.bars > li { display: grid; grid-template-columns: minmax(140px, 28%) 1fr 84px; gap: 0 14px; align-items: center; padding: 4px 0; }
.bars .name { overflow-wrap: anywhere; line-height: 1.3; }
.bars .amount { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bars svg { display: block; width: 100%; height: 16px; }
.bars .for { color: var(--soft); font-size: 13px; display: block; }
svg .track { fill: var(--track); } svg .unique { fill: var(--unique); } svg .shared { fill: var(--shared); } svg .third { fill: var(--third); }
.icicle { margin: 4px 0 16px; }
.icicle > svg { display: block; width: 100%; }
.icicle rect { stroke: var(--card); stroke-width: 2; }
.icicle text { font-size: 12px; fill: var(--on); }
.icicle .l0 rect { fill: var(--level0); } .icicle .l0 text { fill: var(--on0); }
.icicle .l1 rect { fill: var(--level1); } .icicle .l2 rect { fill: var(--level2); } .icicle .l3 rect { fill: var(--level3); }
ul.tree, ul.tree ul { list-style: none; margin: 0; padding: 0; }
ul.tree ul { margin-left: 8px; padding-left: 16px; border-left: 2px solid var(--line); }
ul.tree li { padding: 5px 0; }
ul.tree .title { font-weight: 600; overflow-wrap: anywhere; }
ul.tree ul .title { font-weight: 500; }
ul.tree .facts { color: var(--soft); font-size: 13px; display: block; overflow-wrap: anywhere; }
.columns { display: grid; grid-template-columns: repeat(8, minmax(0, 1fr)); gap: 6px; max-width: 720px; margin: 12px 0; padding: 0; list-style: none; }
.columns li { text-align: center; font-size: 13px; }
.columns svg { display: block; width: 100%; height: 130px; }
.columns .count { display: block; font-variant-numeric: tabular-nums; }
.columns .label { color: var(--soft); display: block; line-height: 1.25; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13px; margin: 8px 0; }
caption { text-align: left; color: var(--soft); padding: 4px 0; }
th, td { text-align: left; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 400; white-space: normal; overflow-wrap: anywhere; min-width: 130px; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; padding-right: 0; padding-left: 12px; }
@media (max-width: 640px) {
  main, header, footer { padding-left: 14px; padding-right: 14px; }
  header { padding-top: 20px; }
  h1 { font-size: 22px; }
  section.card { padding: 16px 14px; }
  .figures { grid-template-columns: 1fr 1fr; }
  .figures .value { font-size: 19px; }
  .bars > li { grid-template-columns: 1fr auto; }
  .bars .bar { grid-column: 1 / -1; grid-row: 2; }
  ol.advice > li { grid-template-columns: 1fr; }
  .icicle .narrow text { display: none; }
  .columns { gap: 3px; } .columns li { font-size: 11px; } .columns svg { height: 100px; }
}
@media print {
  :root { --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --unique: #1f5fae; --shared: #9cc3ee; --third: #c2570c; --track: #eee;
    --level0: #1f5fae; --on0: #fff; --level1: #c3d9f4; --level2: #d7e6f8; --level3: #e8f0fb; --on: #000; }
  body { font-size: 11px; }
  section.card { border: 0; padding: 0; break-inside: auto; }
  li, tr, .figures div { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  nav, .skip { display: none; }
  details::details-content { content-visibility: visible; display: block; }
  svg rect { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`
