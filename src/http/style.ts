/** Of every page that the server writes itself: light or dark as the reader has it, and no file to load. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f6f7f9, #101216);
  --card: light-dark(#ffffff, #181b21);
  --ink: light-dark(#16191f, #eceef2);
  --soft: light-dark(#545b69, #a3abb9);
  --line: light-dark(#dfe3ea, #2a2f39);
  --accent: light-dark(#0b57d0, #8ab4f8);
  --warn: light-dark(#8a3b00, #ffb77c);
}
* { box-sizing: border-box; margin: 0 }
body { background: var(--ground); color: var(--ink); font: 1rem/1.6 system-ui, sans-serif; padding: 0 1.25rem }
header, main, footer { max-width: 56rem; margin-inline: auto }
header { padding: 4rem 0 .5rem }
h1 { font-size: clamp(1.9rem, 6vw, 2.75rem); line-height: 1.15; letter-spacing: -.02em; overflow-wrap: anywhere }
h2 { font-size: 1.05rem; margin: 2.5rem 0 .75rem }
p { overflow-wrap: anywhere }
header p { color: var(--soft); font-size: 1.15rem; max-width: 42rem; margin-top: .75rem }
main p { max-width: 42rem; margin-top: .75rem }
.mark { fill: var(--accent); width: 2rem; height: 2rem; display: block; margin-bottom: 1rem }
.cards { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(max(9rem, 20%), 1fr)); padding: 0; list-style: none }
.cards.wide { grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)) }
.cards > * { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1rem 1.15rem }
dt, .soft, footer { color: var(--soft); font-size: .9rem }
dd { font-size: 1.65rem; font-weight: 650; font-variant-numeric: tabular-nums; line-height: 1.3 }
a { color: var(--accent); text-underline-offset: .2em }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 3px }
.cards a { font-weight: 600 }
.warn { color: var(--warn); font-weight: 600 }
code, pre { font: .9rem/1.6 ui-monospace, SFMono-Regular, Menlo, monospace }
pre { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1rem 1.15rem; overflow-x: auto }
footer { border-top: 1px solid var(--line); margin-top: 3rem; padding: 1.25rem 0 3rem }
`
