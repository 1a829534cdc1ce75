import "./page.css";
import { element } from "./dom.ts";
import { rowsPanel } from "./rows-panel.ts";
import { tokenizersPanel } from "./tokenizers-panel.ts";
import { vocabularyPanel } from "./vocabulary-panel.ts";

/** Makes what a panel shows. @param level of headings in it */
type ShowPanel = (data: never, level: number) => Promise<HTMLElement>;

const PANELS: Readonly<Record<string, ShowPanel>> = {
  rows: rowsPanel,
  tokenizers: tokenizersPanel,
  vocabulary: vocabularyPanel,
};

/** Brings the panels of the page to life: each is a section with its data as JSON. */
for (const section of document.querySelectorAll<HTMLElement>("[data-panel]")) {
  section.setAttribute("aria-busy", "true");
  showPanel(section)
    .catch((error: Error) =>
      element("p", {}, `This part of the page cannot be shown in this browser: ${error.message}`),
    )
    .then((shown) => {
      section.append(shown);
      section.setAttribute("aria-busy", "false");
    });
}

async function showPanel(section: HTMLElement): Promise<HTMLElement> {
  const name = section.dataset.panel ?? "";
  const show = PANELS[name];
  if (!show) throw new Error(`it has no script for "${name}"`);
  const data = section.querySelector('script[type="application/json"]')?.textContent ?? "";
  const level = Number(section.querySelector("h2, h3, h4, h5")?.tagName.slice(1) ?? 5) + 1;
  return show(JSON.parse(data) as never, level);
}
