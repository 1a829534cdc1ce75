export {
  type NearestRows,
  type RowOrigins,
  type RowsMap,
  type RowsPanelInput,
  rowsPanel,
} from "./panels/rows-panel.ts";
export {
  type NamedTokenizer,
  type TokenizersPanelInput,
  tokenizersPanel,
} from "./panels/tokenizers-panel.ts";
export {
  type SearchedVocabulary,
  type TokenClasses,
  type VocabularyPanelInput,
  vocabularyPanel,
} from "./panels/vocabulary-panel.ts";
export { renderPage } from "./render-page.ts";
