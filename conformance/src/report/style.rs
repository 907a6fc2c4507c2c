//! How the page looks: light and dark, no font and no picture from outside.

/// The style sheet.
pub(super) const STYLE: &str = r#"
:root {
  --ground: #f7f6f3; --card: #ffffff; --ink: #1d2126; --dim: #6b7280;
  --line: #e3e1dc; --pass: #1f8a5b; --warn: #b7791f; --info: #2f6fb3;
  --skip: #8b93a0; --fail: #c8322b; --error: #8a3ffc; --sent: #2f5d9e;
  --pass-soft: #e2f3ea; --warn-soft: #fbf0d9; --fail-soft: #fbe4e2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171b; --card: #1c2026; --ink: #e6e8eb; --dim: #949cab;
    --line: #2c323b; --pass: #4cc38a; --warn: #e0b04f; --info: #6cb0f5;
    --skip: #7a8290; --fail: #ff6a61; --error: #bb8cff; --sent: #8ab8f5;
    --pass-soft: #17352a; --warn-soft: #3a301a; --fail-soft: #42201f;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
header, main, footer { max-width: 1080px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 44px; }
footer { padding: 28px 24px 48px; color: var(--dim); font-size: 13px; }
h1 { font-size: 32px; line-height: 1.2; margin: 2px 0 8px; letter-spacing: -.02em;
  overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 44px 0 6px; letter-spacing: -.01em; }
h3 { font-size: 15px; margin: 26px 0 8px; }
p { margin: 0 0 12px; }
.eyebrow { color: var(--dim); font-size: 12px; letter-spacing: .08em;
  text-transform: uppercase; margin: 0; }
.lead { font-size: 17px; }
.good { color: var(--pass); } .bad { color: var(--fail); }
.dim { color: var(--dim); font-weight: 400; }
code, .id, .wire, .matrix th { font-family: ui-monospace, "SF Mono", Menlo,
  Consolas, monospace; font-size: .92em; }
.bar { display: flex; gap: 3px; height: 12px; margin: 18px 0 12px; }
.bar span { border-radius: 3px; min-width: 6px; flex-basis: 0; }
.counts { display: flex; flex-wrap: wrap; gap: 6px 22px; list-style: none;
  margin: 0; padding: 0; }
.dot { display: inline-block; width: 10px; height: 10px; border-radius: 50%;
  margin-right: 7px; }
.bar .pass, .dot.pass { background: var(--pass); }
.bar .warn, .dot.warn { background: var(--warn); }
.bar .info, .dot.info { background: var(--info); }
.bar .skip, .dot.skip { background: var(--skip); }
.bar .fail, .dot.fail { background: var(--fail); }
.bar .error, .dot.error { background: var(--error); }
.complaints { border-left: 4px solid var(--fail); background: var(--fail-soft);
  padding: 2px 18px 10px; border-radius: 6px; margin-top: 28px; }
.complaints h2 { margin-top: 12px; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; padding: 10px 12px; }
.matrix { border-collapse: separate; border-spacing: 4px; width: 100%; }
.matrix th { font-weight: 600; text-align: center; color: var(--dim);
  padding: 2px 4px; }
.matrix tbody th { text-align: right; color: var(--ink); padding-right: 10px;
  white-space: nowrap; }
.matrix td { min-width: 46px; height: 30px; text-align: center; padding: 0;
  border-radius: 6px; font-variant-numeric: tabular-nums; }
.matrix td a { display: block; line-height: 30px; color: inherit;
  text-decoration: none; font-weight: 600; border-radius: 6px; }
.matrix td a:hover, .matrix td a:focus-visible { outline: 2px solid currentColor; }
.matrix .pass { background: var(--pass-soft); color: var(--pass); }
.matrix .warn { background: var(--warn-soft); color: var(--warn); }
.matrix .fail { background: var(--fail); color: #fff; }
.matrix .hole { border: 1.5px dashed var(--line); }
.matrix .none span { display: inline-block; width: 3px; height: 3px;
  border-radius: 50%; background: var(--line); vertical-align: middle; }
.words { display: flex; flex-wrap: wrap; gap: 8px; list-style: none; padding: 0;
  margin: 8px 0 0; }
.words li { background: var(--card); border: 1px solid var(--line);
  border-radius: 999px; padding: 2px 12px; font-size: 13.5px; }
.scenario { background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; margin: 6px 0; scroll-margin-top: 12px; }
.scenario:target { border-color: var(--info); box-shadow: 0 0 0 2px var(--info); }
.scenario summary { display: grid; cursor: pointer; list-style: none;
  grid-template-columns: 104px 290px 1fr auto; gap: 12px;
  align-items: baseline; padding: 8px 14px; }
.scenario summary::-webkit-details-marker { display: none; }
.scenario[open] summary { border-bottom: 1px solid var(--line); }
.badge { font-size: 11px; font-weight: 700; letter-spacing: .05em;
  text-align: center; border-radius: 5px; padding: 2px 0; color: #fff; }
.badge.pass { background: var(--pass-soft); color: var(--pass); }
.badge.warn { background: var(--warn-soft); color: var(--warn); }
.badge.info { background: var(--info); } .badge.skip { background: var(--skip); }
.badge.fail { background: var(--fail); } .badge.error { background: var(--error); }
.id { overflow-wrap: anywhere; }
.complaints ul { margin: 6px 0; padding-left: 18px; }
.complaints a { color: inherit; font-weight: 600; }
.title { color: var(--dim); overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
.scenario[open] .title { white-space: normal; color: var(--ink); }
.took { color: var(--dim); font-size: 12.5px; font-variant-numeric: tabular-nums; }
.body { padding: 14px; }
dl { display: grid; grid-template-columns: 80px 1fr; gap: 4px 14px; margin: 0 0 14px; }
dt { color: var(--dim); font-size: 13px; } dd { margin: 0; overflow-wrap: anywhere; }
.got code { color: var(--fail); }
.tag { display: inline-block; border: 1px solid var(--line); border-radius: 5px;
  padding: 0 7px; margin: 0 4px 2px 0; font-size: 12.5px; color: var(--dim); }
.wire { width: 100%; border-collapse: collapse; font-size: 13px; line-height: 1.5;
  background: var(--ground); border-radius: 6px; display: block; overflow-x: auto;
  padding: 8px 4px; }
.wire td { padding: 0 8px; vertical-align: top; }
.wire .at { text-align: right; color: var(--dim); min-width: 62px;
  font-variant-numeric: tabular-nums; }
.wire .client { color: var(--dim); white-space: nowrap; }
.wire .text { white-space: pre-wrap; overflow-wrap: anywhere; width: 100%; }
.wire .sent td { color: var(--sent); } .wire .note td { color: var(--dim);
  font-style: italic; }
.wire .fault td { color: var(--fail); font-weight: 700; }
.wire .sent .at, .wire .sent .client { color: var(--dim); }
@media (max-width: 720px) {
  .scenario summary { grid-template-columns: 96px 1fr; }
  .title, .took { grid-column: 2; white-space: normal; }
}
@media print { .scroll, .scenario { break-inside: avoid; } }
"#;
