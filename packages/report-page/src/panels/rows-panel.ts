import { type Mixture, RevocabError, type Vocabulary } from "@revocab/core";
import type { Panel } from "@revocab/report-document";
import { pack, packVocabulary } from "./pack.ts";
import type { PackedNearest, PackedOrigins, PackedPoints, RowsData } from "./panel-data.ts";

export interface RowsPanelInput {
  /** What the rows stand for. */
  readonly vocabulary: Vocabulary;
  readonly map?: RowsMap;
  readonly nearest?: NearestRows;
  readonly origins?: RowOrigins;
  /** @default "Rows" */
  readonly title?: string;
}

/** Rows on a plane, such as their two principal components. */
export interface RowsMap {
  /** What the axes are: `["first component", "second component"]`. */
  readonly axes: readonly [string, string];
  /** Groups of rows, drawn in their order; at most 6. */
  readonly series: readonly string[];
  /** [n] the rows on the map. Some 20,000 can be told apart at most. */
  readonly ids: Uint32Array;
  /** [n] */
  readonly x: Float32Array;
  /** [n] */
  readonly y: Float32Array;
  /** [n] places in `series`. */
  readonly seriesOf: Uint8Array;
}

/** The nearest rows of some rows. */
export interface NearestRows {
  /** What the similarities are: `cosine`. */
  readonly measure: string;
  /** [n] the rows whose nearest rows are known. */
  readonly ids: Uint32Array;
  /** [n × k] ids, nearest first. */
  readonly neighbors: Uint32Array;
  /** [n × k] */
  readonly similarities: Float32Array;
}

/** Where the rows of a table are from. Rows beyond the vocabulary are padding and left out. */
export interface RowOrigins {
  /** Methods, as a plan lists them; at most 256. */
  readonly names: readonly string[];
  /** [rows] places in `names`. */
  readonly of: Uint8Array;
  /** [rows × V_s + basis rows] the weights; an empty row has none. */
  readonly mixture: Mixture;
  /** What the source rows stand for. */
  readonly source: Vocabulary;
}

/**
 * Rows of a table: a search for tokens, and for a token its place on the map, its nearest rows, and the source rows that it is
 * made of. Each of the three may be missing.
 *
 * @throws RevocabError `bad_options` for lists whose lengths or ids do not fit each other
 */
export function rowsPanel({ vocabulary, map, nearest, origins, title = "Rows" }: RowsPanelInput): Panel {
  const { size } = vocabulary;
  const data: RowsData = {
    vocabulary: packVocabulary(vocabulary),
    ...(map && { points: packMap(map, size) }),
    ...(nearest && { nearest: packNearest(nearest, size) }),
    ...(origins && { origins: packOrigins(origins, size) }),
  };
  return { kind: "panel", name: "rows", title, data };
}

function packMap({ axes, series, ids, x, y, seriesOf }: RowsMap, size: number): PackedPoints {
  const count = ids.length;
  requireLengths("map", count, { x, y, seriesOf });
  requireBelow("map.ids", ids, size);
  requireBelow("map.seriesOf", seriesOf, series.length);
  if (series.length > MOST_SERIES) {
    throw unfit(`map.series has ${series.length} names, expected at most ${MOST_SERIES}`);
  }
  if (!x.every(Number.isFinite) || !y.every(Number.isFinite)) {
    throw unfit("map.x or map.y has a value that is no number, expected finite ones");
  }
  return { axes, series, ids: pack(ids), x: pack(x), y: pack(y), seriesOf: pack(seriesOf) };
}

/** As many as there are colours that can be told apart. */
const MOST_SERIES = 6;

function packNearest({ measure, ids, neighbors, similarities }: NearestRows, size: number): PackedNearest {
  const count = ids.length === 0 ? 0 : neighbors.length / ids.length;
  if (!Number.isInteger(count)) {
    throw unfit(
      `nearest.neighbors has ${neighbors.length} ids for ${ids.length} rows, expected as many for each`,
    );
  }
  requireLengths("nearest", neighbors.length, { similarities });
  requireBelow("nearest.ids", ids, size);
  requireBelow("nearest.neighbors", neighbors, size);
  return {
    measure,
    count,
    ids: pack(ids),
    neighbors: pack(neighbors),
    similarities: pack(similarities),
  };
}

function packOrigins({ names, of, mixture, source }: RowOrigins, size: number): PackedOrigins {
  const { offsets, sources, weights } = mixture;
  if (of.length < size || offsets.length <= size) {
    throw unfit(
      `origins has ${of.length} rows of names and ${offsets.length - 1} of weights, expected at least ${size}`,
    );
  }
  requireBelow("origins.of", of, names.length);
  const end = offsets[size];
  return {
    names,
    of: pack(of.subarray(0, size)),
    counts: pack(Uint32Array.from({ length: size }, (_, row) => offsets[row + 1] - offsets[row])),
    sources: pack(sources.subarray(0, end)),
    weights: pack(weights.subarray(0, end)),
    sourceVocabulary: packVocabulary(source),
  };
}

function requireLengths(
  name: string,
  expected: number,
  lists: Readonly<Record<string, ArrayLike<number>>>,
): void {
  for (const [part, { length }] of Object.entries(lists)) {
    if (length !== expected) throw unfit(`${name}.${part} has ${length} values, expected ${expected}`);
  }
}

function requireBelow(name: string, values: Uint32Array | Uint8Array, limit: number): void {
  const above = values.find((value: number) => value >= limit);
  if (above !== undefined) throw unfit(`${name} has ${above}, expected values below ${limit}`);
}

function unfit(problem: string): RevocabError {
  return new RevocabError("bad_options", problem, { hint: "give lists that belong to the same rows" });
}
