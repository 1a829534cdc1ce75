import type { Alignment, EmbeddingTable, Job, StoredMatrix, TokenId, Vocabulary } from "@revocab/core";
import { type RowScan, scanRows } from "@revocab/matrix";
import type { OpenModel } from "@revocab/plan";
import { sourceOf } from "@revocab/plan/internal";
import { displayToken } from "@revocab/vocabulary";
import { nearestTokens } from "./nearest-tokens.ts";
import { rowGroups } from "./row-groups.ts";
import { rowMap, sampleOf } from "./row-map.ts";
import { rowNorms } from "./row-norms.ts";
import type { SharedRows, SwapReview, TableReview } from "./swap-review.ts";

export interface ReviewTablesOptions {
  readonly source: OpenModel | undefined;
  /** Undefined without the source. */
  readonly alignment: Alignment | undefined;
  readonly tables: readonly EmbeddingTable[];
  /** Of the new tokens. */
  readonly vocabulary: Vocabulary;
  /** Tokens whose nearest rows are wanted most. */
  readonly dearest: readonly TokenId[];
  /** Rows of each table on a map. @default 20_000 */
  readonly sample?: number;
  /** @default 0 */
  readonly seed?: number;
  readonly job?: Job;
}

export type ReviewedTables = Pick<SwapReview, "tables" | "tokens" | "sourceTokens">;

/** Compares the tables with a row per token with those before. */
export async function reviewTables(options: ReviewTablesOptions): Promise<ReviewedTables> {
  const tables: TableReview[] = [];
  for (const table of options.tables) {
    if (!table.isBias && table.matrix.columns > 1) tables.push(await reviewTable(table, options));
  }
  const { vocabulary, source } = options;
  const [own, old] = [new Set<TokenId>(), new Set<TokenId>()];
  for (const { map, nearest } of tables) {
    for (const { name, ids } of map?.series ?? [])
      for (const id of ids) (name === "source" ? old : own).add(id);
    for (const { id, ids } of nearest) for (const each of [id, ...ids]) own.add(each);
  }
  return {
    tables,
    tokens: labelsOf(vocabulary, own),
    sourceTokens: source === undefined ? {} : labelsOf(source.tokenizer.vocabulary, old),
  };
}

function labelsOf(vocabulary: Vocabulary, ids: ReadonlySet<TokenId>): Record<TokenId, string> {
  return Object.fromEntries([...ids].map((id) => [id, displayToken(vocabulary, id)]));
}

async function reviewTable(
  { slot, role, matrix }: EmbeddingTable,
  { source, alignment, vocabulary, dearest, sample = 20_000, seed = 0, job }: ReviewTablesOptions,
): Promise<TableReview> {
  const { rows, columns, dtype } = matrix;
  const groups = rowGroups(alignment);
  const after = { matrix, isUsed: usedBy(vocabulary), scan: await scanRows(matrix, { job }) };
  const before = source && (await sourceTable(source, slot, job));
  const map = await rowMap({ before, after, groups, seed, most: sample, job });
  const used = Array.from({ length: rows }, (_, row) => row).filter(after.isUsed);
  const isNew = (id: TokenId) => groups.of(id) !== "shared";
  return {
    slot,
    role,
    rows,
    columns,
    dtype,
    shared: before === undefined || alignment === undefined ? null : sharedRows(before, after, alignment),
    norms: rowNorms(before, after, alignment),
    map: map ?? null,
    nearest: await nearestTokens({
      matrix,
      isUsed: after.isUsed,
      choose: (most) => tokensToShow(most, dearest, used, isNew, seed),
      job,
    }),
  };
}

/** The dearest, then as many new tokens as others. */
function tokensToShow(
  most: number,
  dearest: readonly TokenId[],
  used: readonly TokenId[],
  isNew: (id: TokenId) => boolean,
  seed: number,
): readonly TokenId[] {
  const chosen = new Set(dearest.slice(0, most));
  const add = (candidates: readonly TokenId[], count: number) => {
    for (const id of sampleOf(candidates, count, seed)) chosen.add(id);
  };
  const rest = () => used.filter((id) => !chosen.has(id));
  add(rest().filter(isNew), Math.ceil((most - chosen.size) / 2));
  add(rest(), most - chosen.size);
  return [...chosen];
}

interface ScannedTable {
  readonly matrix: StoredMatrix;
  readonly isUsed: (row: number) => boolean;
  readonly scan: RowScan;
}

async function sourceTable(
  source: OpenModel,
  slot: string,
  job: Job | undefined,
): Promise<ScannedTable | undefined> {
  const matrix = sourceOf(source, slot);
  return { matrix, isUsed: usedBy(source.tokenizer.vocabulary), scan: await scanRows(matrix, { job }) };
}

function usedBy(vocabulary: Vocabulary): (row: number) => boolean {
  return (row) => row < vocabulary.size && vocabulary.kindOf(row) !== "unused";
}

function sharedRows(before: ScannedTable, after: ScannedTable, { sourceOf: sources }: Alignment): SharedRows {
  let [tokens, copied] = [0, 0];
  for (const [id, source] of sources.entries()) {
    if (source < 0 || id >= after.matrix.rows) continue;
    tokens++;
    if (before.scan.hashes[source] === after.scan.hashes[id]) copied++;
  }
  return { tokens, copied };
}
