import "./page.css";
import { rowsPanel } from "./rows-panel.ts";
import { tokenizersPanel } from "./tokenizers-panel.ts";
import { vocabularyPanel } from "./vocabulary-panel.ts";

/** Brings the panels of the page to life. Each is a section with its data as JSON; what the panel shows is put behind them. */
const PANELS: Readonly<Record<string, (data: never) => Promise<HTMLElement>>> = {
  rows: rowsPanel,
  tokenizers: tokenizersPanel,
  vocabulary: vocabularyPanel,
};

for (const section of document.querySelectorAll<HTMLElement>("[data-panel]")) {
  const data = section.querySelector('script[type="application/json"]')?.textContent;
  const show = PANELS[section.dataset.panel ?? ""];
  if (!data || !show) continue;
  section.setAttribute("aria-busy", "true");
  show(JSON.parse(data) as never)
    .catch((error: Error) => {
      const failed = document.createElement("p");
      failed.textContent = `This part of the page cannot be shown in this browser: ${error.message}`;
      return failed;
    })
    .then((shown) => {
      section.append(shown);
      section.setAttribute("aria-busy", "false");
    });
}
