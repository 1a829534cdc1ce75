import type { Panel, ReportDocument } from "@revocab/report-document";
import { renderPage, rowsPanel, tokenizersPanel, vocabularyPanel } from "@revocab/report-page";
import { loadTokenizer } from "@revocab/vocabulary";
import { same } from "./same.js";

same<ReturnType<typeof tokenizersPanel>, Promise<Panel>>();
same<ReturnType<typeof vocabularyPanel>, Panel>();
same<Parameters<typeof renderPage>[0], ReportDocument>();

export async function page(): Promise<string> {
  const tokenizer = await loadTokenizer("sample/tokenizer");
  const { vocabulary } = tokenizer;
  // @ts-expect-error: a tokenizer has a name for the reader
  vocabularyPanel({ vocabularies: [{ vocabulary }] });
  // @ts-expect-error: ids are unsigned integers, not a list
  rowsPanel({ vocabulary, nearest: { measure: "cosine", ids: [1], neighbors: [2], similarities: [1] } });
  const blocks = [
    await tokenizersPanel({ tokenizers: [{ name: "one", tokenizer }], texts: ["Hello"] }),
    rowsPanel({ vocabulary }),
  ];
  return renderPage({ title: "One tokenizer", blocks }, { words: (note) => note.toUpperCase() });
}
