/**
 * The picture in ARCHITECTURE.md as data, lowest first: a package may import only from lower layers.
 * Names are folders under packages/, or apps/NAME.
 */
export const LAYERS: readonly (readonly string[])[] = [
  ["core"],
  ["matrix", "vocabulary"],
  ["vocab-alignment", "checkpoint", "word-vectors", "neighbors"],
  ["transformer-runtime", "embedding-init"],
  ["evaluation"],
  ["transfer"],
  ["apps/revocab"],
];
