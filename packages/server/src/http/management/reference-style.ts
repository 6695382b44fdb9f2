/** The style sheet of the reference page: system fonts, both colour schemes, one column on narrow screens. */
export const styleSheet = `
:root {
  color-scheme: light dark;
  --text: #1b2430; --soft: #55606e; --line: #d9dfe6; --back: #ffffff; --panel: #f5f7f9;
  --accent: #0b5c8f; --get: #0b6b4f; --post: #0b5c8f; --put: #8a4b00; --patch: #8a4b00; --delete: #a81f2d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e4e9ef; --soft: #a3aebb; --line: #2f3944; --back: #12171d; --panel: #1a2129;
    --accent: #6cb8ea; --get: #5cc9a1; --post: #6cb8ea; --put: #e3a55b; --patch: #e3a55b; --delete: #f0818b;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 4rem; }
body {
  margin: 0; color: var(--text); background: var(--back);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .875em; }
code { overflow-wrap: anywhere; }
a { color: var(--accent); }
a:focus-visible, summary:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: .5rem; z-index: 3; padding: .5rem 1rem; background: var(--back); }
.top {
  position: sticky; top: 0; z-index: 2; display: flex; gap: .75rem; align-items: baseline;
  height: 3rem; padding: .7rem 1.5rem; line-height: 1.4; background: var(--back); border-bottom: 1px solid var(--line);
}
.brand { font-weight: 700; color: inherit; text-decoration: none; }
.version { margin-left: auto; color: var(--soft); font-size: .875rem; }
.columns { display: grid; grid-template-columns: 20rem minmax(0, 1fr); }
nav {
  position: sticky; top: 3rem; align-self: start; height: calc(100vh - 3rem); overflow-y: auto;
  padding: 1rem 1.25rem 2rem; border-right: 1px solid var(--line); background: var(--panel);
}
.contents { display: none; }
.toc, .toc ul { list-style: none; margin: 0; padding: 0; }
.toc > li { margin-bottom: .75rem; }
.toc a { display: block; padding: .2rem 0; color: var(--text); text-decoration: none; font-size: .875rem; line-height: 1.4; }
.toc a:hover { color: var(--accent); text-decoration: underline; }
.toc > li > a { font-weight: 600; font-size: .9375rem; }
.toc ul a { display: grid; grid-template-columns: 3.6rem 1fr; }
main { min-width: 0; max-width: 60rem; padding: 1.5rem 2.5rem 6rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: .5rem 0 1rem; }
h2 { font-size: 1.45rem; margin: 3rem 0 .5rem; padding-bottom: .4rem; border-bottom: 2px solid var(--line); }
h3 { font-size: 1.125rem; margin: 0 0 .25rem; }
h3 a { color: inherit; text-decoration: none; }
h3 a:hover { text-decoration: underline; }
h4 { margin: 1.4rem 0 .4rem; font-size: .8125rem; color: var(--soft); font-weight: 600; }
p { margin: .4rem 0; max-width: 44rem; }
.intro dl { display: grid; grid-template-columns: 10rem 1fr; gap: .6rem 1.5rem; margin: 1.5rem 0; max-width: 52rem; }
.intro dt { font-weight: 600; }
.intro dd { margin: 0; }
.operation, .schema { padding: 1.5rem 0; border-bottom: 1px solid var(--line); }
.path { display: flex; gap: .6rem; align-items: baseline; }
.path code { font-size: .9375rem; }
.method { font: 700 .75rem/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.get { color: var(--get); } .post { color: var(--post); } .put { color: var(--put); }
.patch { color: var(--patch); } .delete { color: var(--delete); }
.open, .type { color: var(--soft); }
.members { list-style: none; margin: 0; padding: 0; }
.members .members { margin: .4rem 0 .2rem; padding-left: 1rem; border-left: 2px solid var(--line); }
.members > li { padding: .45rem 0; }
.members > li + li { border-top: 1px solid var(--line); }
.name { font-weight: 600; margin-right: .4rem; }
.type, .required { font-size: .875rem; }
.required { color: var(--delete); margin-left: .3rem; }
.description { max-width: 44rem; }
.notes { display: flex; flex-wrap: wrap; gap: .1rem 1.2rem; color: var(--soft); font-size: .875rem; }
.refusals { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; list-style: none; margin: 0; padding: 0; font-size: .875rem; }
pre { margin: 0; padding: .9rem 1rem; overflow-x: auto; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; }
pre code { overflow-wrap: normal; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .5rem .75rem .5rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-size: .8125rem; color: var(--soft); }
td code { white-space: nowrap; overflow-wrap: normal; }
@media (max-width: 60rem) {
  .columns { display: block; }
  nav { position: static; height: auto; padding: 0; border-right: 0; border-bottom: 1px solid var(--line); }
  .contents { display: block; }
  .contents summary { padding: .8rem 1.25rem; cursor: pointer; font-weight: 600; }
  .contents .toc { padding: 0 1.25rem 1rem; }
  .toc a { padding: .4rem 0; }
  .contents-wide { display: none; }
  .top { padding: .7rem 1.25rem; }
  main { padding: 1rem 1.25rem 4rem; }
  .intro dl { display: block; }
  .intro dd { margin-bottom: .8rem; }
}
@media print { nav, .top { display: none; } .columns { display: block; } }
`
