/**
 * Colors of series: dark ones on light ground and light ones on dark, each with a contrast of 4.5 at least to the ground, which is
 * also the color of figures within bars.
 */
export const SERIES_COLORS: readonly (readonly [light: string, dark: string])[] = [
  ["#1d5fa8", "#7fb2f0"],
  ["#a84a08", "#f0a868"],
  ["#1f7340", "#7fd39a"],
  ["#8a2f8f", "#dba3e2"],
  ["#5b6672", "#b4c0cc"],
  ["#b3263a", "#f3939f"],
  ["#0b6f7c", "#6fd0dd"],
  ["#776000", "#e0cc60"],
  ["#b0307a", "#f29fca"],
  ["#5a4bb0", "#b6abf6"],
  ["#7b4a2e", "#d8b095"],
  ["#44691c", "#b0d182"],
];

export const GROUND = ["#ffffff", "#14171a"] as const;

/**
 * The style of a page. Its theme is the system's, or what the reader chooses in its head; paper is light. Panels may use its
 * custom properties.
 */
export const STYLES = `
:root{color-scheme:light dark;
--ground:light-dark(${GROUND[0]},${GROUND[1]});--ink:light-dark(#1a1e23,#e7e9ec);--quiet:light-dark(#59626d,#a6afba);
--line:light-dark(#dce1e6,#343b43);--wash:light-dark(#f5f7f9,#1c2126);--accent:light-dark(#1d5fa8,#7fb2f0);
--alert:light-dark(#a3341a,#f5a58e);--radius:6px;
--text:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;--code:ui-monospace,SFMono-Regular,Menlo,Consolas,"Noto Sans Mono",monospace;
${SERIES_COLORS.map(([light, dark], i) => `--c-${i}:light-dark(${light},${dark})`).join(";")}}
:root:has(#theme-light:checked){color-scheme:light}
:root:has(#theme-dark:checked){color-scheme:dark}
*,*::before,*::after{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 var(--text);font-variant-numeric:tabular-nums;
display:grid;grid-template-columns:minmax(0,1fr);gap:0 3rem;max-width:78rem;margin-inline:auto;padding:0 clamp(1rem,4vw,2.5rem) 5rem}
h1,h2,h3,h4,h5,h6{line-height:1.25;margin:2.2em 0 .6em;text-wrap:balance;overflow-wrap:anywhere}
h1{font-size:1.9rem;font-weight:650;letter-spacing:-.015em;margin:0}
h2{font-size:1.3rem;font-weight:650;letter-spacing:-.01em;padding-top:1.6rem;border-top:1px solid var(--line)}
main>section:first-child>h2{margin-top:0}
h3{font-size:1.05rem}h4,h5,h6{font-size:.95rem}
p,ul{margin:.7em 0;max-width:70ch;overflow-wrap:anywhere}
ul{padding-left:1.2em}li{margin:.25em 0}
a{color:var(--accent);text-underline-offset:.15em}
code,pre{font-family:var(--code);font-size:.9em}
code{white-space:break-spaces;background:var(--wash);padding:.1em .3em;border-radius:4px;overflow-wrap:anywhere}
pre{background:var(--wash);border:1px solid var(--line);border-radius:var(--radius);padding:.8rem 1rem;overflow:auto}
pre code{background:none;padding:0;white-space:pre}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:3px}
main:focus{outline:none}
.skip{position:absolute;left:-999rem}.skip:focus{position:fixed;left:1rem;top:1rem;z-index:2;background:var(--ground);padding:.5rem 1rem}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
header{padding:2.5rem 0 1.5rem;position:relative}
.lead{font-size:1.1rem;color:var(--quiet);margin:.6rem 0 0}
.theme{border:0;padding:0;margin:1rem 0 0;display:flex;gap:.2rem;font-size:.8rem;color:var(--quiet)}
.theme legend{float:left;padding:0;margin:.2rem .6rem 0 0}
.theme label{position:relative;cursor:pointer}
.theme input{position:absolute;inset:0;opacity:0;margin:0;cursor:pointer}
.theme span{display:block;padding:.2rem .6rem;border-radius:1rem;border:1px solid transparent}
.theme input:checked+span{border-color:var(--line);background:var(--wash);color:var(--ink)}
.theme input:focus-visible+span{outline:2px solid var(--accent)}
nav{font-size:.9rem;border-block:1px solid var(--line);padding:.4rem 0}
nav ul{list-style:none;margin:0;padding:0;columns:16rem;column-gap:2rem;max-width:none}
nav li{margin:0}nav li.level3{padding-left:1rem}
nav a{display:block;padding:.2rem 0;color:var(--quiet);text-decoration:none}
nav a:hover{color:var(--accent);text-decoration:underline}
main{min-width:0;padding-top:1.5rem}
.scroll{overflow-x:auto;margin:1rem 0;max-width:100%}
table{border-collapse:collapse;font-size:.92rem}
caption{text-align:left;font-weight:600;padding:.2rem 0 .5rem}
th,td{text-align:left;vertical-align:top;padding:.38rem 1.15rem .38rem 0;border-bottom:1px solid var(--line);font-weight:400}
th:last-child,td:last-child{padding-right:.2rem}
thead th,thead td{font-weight:600;color:var(--quiet);font-size:.85rem;vertical-align:bottom;border-bottom-color:var(--quiet)}
tbody tr:hover{background:var(--wash)}
td a,td code{overflow-wrap:anywhere}
.end{text-align:right;white-space:nowrap}
.notes{border-left:3px solid var(--line);padding:.1rem 0 .1rem 1rem;margin:1.2rem 0;font-size:.92rem}
.notes ul{margin:.2rem 0}
.tone{margin:.2rem 0;font-weight:600;color:var(--quiet)}
.warning{border-left-color:var(--alert)}.warning .tone{color:var(--alert)}
.chart{margin:1.8rem 0;max-width:60rem}
figcaption{font-weight:600;margin-bottom:.3rem}
.chart svg[role=img]{display:block;width:100%;min-width:40rem;height:auto;font:12px var(--text)}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;padding:0;margin:.3rem 0 .6rem;font-size:.85rem;max-width:none}
.legend li{display:flex;align-items:center;gap:.4rem;margin:0}
.swatch{width:.75rem;height:.75rem;flex:none}
summary{cursor:pointer;color:var(--quiet);font-size:.85rem;width:max-content;padding:.15rem 0}
svg text{fill:var(--ink);dominant-baseline:central}
svg .tick{fill:var(--quiet);font-size:11px}
svg .inside{fill:var(--ground);font-size:11px;pointer-events:none}
svg .value,svg .name{font-size:11px}
svg .name{paint-order:stroke;stroke:var(--ground);stroke-width:3px}
svg .grid{stroke:var(--line);fill:none}
svg .axis{stroke:var(--quiet);fill:none}
svg rect{stroke:var(--ground);stroke-width:1px}
svg .line{fill:none!important;stroke-width:2px;stroke-linejoin:round}
svg .mark{fill:none!important;stroke-linecap:round;stroke-width:6px}
svg .dot{fill:none!important;stroke-linecap:square;stroke-width:2px}
svg .strength0{stroke-opacity:.45}svg .strength1{stroke-opacity:.75}
svg .dash1{stroke-dasharray:6 3}svg .dash2{stroke-dasharray:2 3}svg .dash3{stroke-dasharray:9 3 2 3}
${SERIES_COLORS.map((_, i) => `.c${i}{fill:var(--c-${i})}.line.c${i},.mark.c${i},.dot.c${i}{stroke:var(--c-${i})}`).join("")}
.panel{margin:2rem 0}
@media (min-width:64rem){
body:has(>nav){grid-template-columns:13rem minmax(0,1fr);grid-template-rows:auto 1fr}
body:has(>nav) header{grid-column:1/-1}
.theme{position:absolute;right:0;top:1.6rem;margin:0}
header h1{padding-right:16rem}
nav{position:sticky;top:1.5rem;align-self:start;border:0;padding:1.5rem 0 0;max-height:calc(100vh - 3rem);overflow:auto}
nav ul{columns:auto}
}
@media print{
:root{color-scheme:light!important}
body{display:block;font-size:10.5pt;max-width:none;padding:0}
.skip,.theme,nav,summary{display:none}
.scroll,pre{overflow:visible}pre code{white-space:pre-wrap}
figure,tr,.notes{break-inside:avoid}h2,h3,caption{break-after:avoid}
.chart svg[role=img]{min-width:0;max-width:16cm}
a{color:inherit}
}
@media (prefers-reduced-motion:no-preference){:root{scroll-behavior:smooth}}
`;
