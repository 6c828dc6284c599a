"""The look of a report, on screen and on paper."""

from typing import Final

STYLE: Final = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { font: 14px/1.45 system-ui, sans-serif; color: #1b1f24; background: #fff; margin: 0 auto;
  max-width: 1100px; padding: 1.2rem; }
h1 { font-size: 1.35rem; margin: 0 0 .5rem; }
h2 { font-size: 1.05rem; margin: 1.6rem 0 .5rem; border-bottom: 1px solid #d5d9de; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0; }
dt { color: #57606a; } dd { margin: 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .22rem .35rem; border-bottom: 1px solid #eaecef;
  vertical-align: top; }
th { font-weight: 600; color: #57606a; }
td.n, th.n { text-align: right; white-space: nowrap; }
small { color: #57606a; }
.mark { display: inline-block; border-radius: 3px; padding: 0 .4em; font-weight: 600; }
.error, .no { background: #ffe3e0; color: #8f1d13; }
.warning { background: #fff1cc; color: #6b4b00; }
.info, .none { background: #e8edf3; color: #3c4a5a; }
.yes { background: #dcf3e0; color: #14532d; }
.key { display: inline-block; width: 1.1em; height: .55em; margin-right: .4em; }
.plot { display: grid; grid-template-columns: minmax(0, 1fr) max-content; gap: 1rem; }
.plot ul { list-style: none; margin: 0; padding: 0; }
svg { width: 100%; height: auto; display: block; } svg text { font-size: 11px; fill: #57606a; }
.images { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem; }
figure { margin: 0; break-inside: avoid; } figure svg { background: #000; }
figcaption { color: #57606a; } .legend span { margin-right: .9em; white-space: nowrap; }
footer { margin-top: 2rem; color: #57606a; font-size: .85rem; border-top: 1px solid #d5d9de; }
section { overflow-x: auto; } tr { break-inside: avoid; }
@page { size: A4; margin: 12mm 12mm 15mm;
  @bottom-right { content: counter(page) " / " counter(pages); font: 8px sans-serif; } }
@media print { body { max-width: none; padding: 0; font-size: 10.5px; }
  section { overflow: visible; } footer { font-size: 8.5px; }
  h2, .legend { break-after: avoid; }
  .key, .mark, figure svg { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
@media (max-width: 640px) { .plot, .images { grid-template-columns: 1fr; }
  }
"""
