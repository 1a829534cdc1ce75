/**
 * The picture in ARCHITECTURE.md as data, lowest first: a package may import only from lower layers.
 * Names are folders under packages/, or apps/NAME.
 */
export const LAYERS: readonly (readonly string[])[] = [
  ["core"],
  ["files", "guarded-process", "http", "report-document"],
  ["matrix", "vocabulary"],
  ["onnx", "report-page"],
  ["vocab-alignment", "checkpoint", "neighbors", "token-training", "vocabulary-editing"],
  ["word-vectors", "parallel-text", "transformer-runtime", "served-model", "evaluation"],
  ["embedding-init", "rows-training", "byte-models", "tokenizer-quality", "large-vocabulary"],
  ["chain-rule", "cw2v", "donor", "hypernetwork", "plan"],
  ["dynamic-tokenization"],
  ["measure"],
  ["report", "swap-review"],
  ["transfer", "hub"],
  ["apps/revocab"],
];
