import type { Page } from "playwright-core";

/**
 * The ids that the page's text box shows for each text, by tokenizer. The texts are put into the box and the coloured tokens are read, as a
 * reader would, within one call: a thousand texts take seconds.
 */
export async function idsInBox(
  page: Page,
  texts: readonly string[],
): Promise<readonly (readonly string[])[]> {
  await page.getByLabel("Show ids").check();
  return page.evaluate(SHOW_ALL, texts) as Promise<string[][]>;
}

/** Runs in the page; the tests are compiled without the types of browsers. */
const SHOW_ALL = new Function(
  "texts",
  `return (async () => {
    const panel = document.querySelector('[data-panel="tokenizers"]');
    const box = panel.querySelector("textarea");
    const turn = () => new Promise((done) => { const { port1, port2 } = new MessageChannel(); port1.onmessage = done; port2.postMessage(0); });
    panel.hidden = true; // a thousand layouts would take a minute
    const shown = [];
    for (const text of texts) {
      box.value = text;
      box.dispatchEvent(new Event("change"));
      do await turn(); while (panel.querySelector('[aria-busy="true"]'));
      shown.push(Array.from(panel.querySelectorAll(".tokens"), (tokens) =>
        Array.from(tokens.querySelectorAll("sub"), ({ textContent }) => textContent).join(" ")));
    }
    panel.hidden = false;
    return shown;
  })()`,
) as (texts: readonly string[]) => Promise<unknown>;
