import {
  type Donor,
  type EmbeddingTable,
  type InitContext,
  type Job,
  type Matrix,
  RevocabError,
  type StoredMatrix,
  type TokenId,
  type Vocabulary,
} from "@revocab/core";
import { readRows, scanRows } from "@revocab/matrix";
import { trainingOfModel } from "@revocab/token-training/internal";
import { quoteToken } from "@revocab/vocabulary/internal";
import type { AnchorOptions } from "./anchor-options.ts";
import { longestPrefixes } from "./longest-prefixes.ts";

/** What a donor says of the rows of one table. */
export interface DonorEvidence {
  /** Tokens that the source, the target and the donor have: [A] each, by their ids in the donor. */
  readonly anchors: {
    readonly targets: Uint32Array;
    readonly sources: Uint32Array;
    readonly donors: Uint32Array;
  };
  /** [V_d × d_d] all rows of the donor. */
  readonly donorRows: StoredMatrix;
  /** D [A × d_d] the anchors' rows in the donor. */
  readonly anchorRows: Matrix;
  /** [n] target ids that the source lacks and the donor has a row for, ascending; without those of `prefixes`. */
  readonly tokens: Uint32Array;
  /** Target ids that the source lacks, and that the donor has no row for, or one of zeros. */
  readonly leftOut: Uint32Array;
  /** Source ids by the new tokens that get a copy of their rows. */
  readonly prefixes: ReadonlyMap<TokenId, TokenId>;
  /** [tokens × d_d] the donor's rows of target ids that are anchors or in `tokens`. */
  readDonorRows(tokens: Uint32Array): Promise<Matrix>;
}

/**
 * The evidence of a donor for a table: with the role of the table, or the donor's input rows where its head is tied to them.
 *
 * Anchors are tokens of text or of a byte; specials mean other things in other models. Rows of zeros are left out on either side, and
 * so is an anchor with the same row number as another, a byte token before one of text. A new token may be a special.
 * @param isAllowed whether a target token may be an anchor
 * @returns no anchors and no tokens where the source lacks no token of the target
 * @throws RevocabError no_evidence without two different anchors; shape_mismatch for a donor that does not fit the target;
 *   not_finite; aborted
 */
export async function donorEvidence(
  context: InitContext,
  donor: Donor,
  table: EmbeddingTable,
  { anchors: most = Number.POSITIVE_INFINITY, prefix = "none" }: AnchorOptions = {},
  isAllowed: (token: TokenId) => boolean = () => true,
): Promise<DonorEvidence> {
  const { alignment, source, target, job } = context;
  const { matrix, slot } = donorTableFor(donor, table);
  checkDonor(context, donor, matrix, slot);
  const { vocabulary, alignment: toDonor } = donor;
  const rows = await usableRows("the donor", slot, matrix, vocabulary, job);
  const ids = Array.from({ length: target.vocabulary.size }, (_, id) => id);
  const isNew = (id: TokenId) => alignment.sourceOf[id] < 0 && target.vocabulary.kindOf(id) !== "unused";
  const missing = ids.filter(isNew);
  const prefixes = prefix === "both" || prefix === table.role ? longestPrefixes(context, missing) : new Map();
  const news = missing.filter((id) => !prefixes.has(id));
  const ofTokens = {
    tokens: Uint32Array.from(news.filter((id) => rows.isUsable(toDonor.sourceOf[id]))),
    leftOut: Uint32Array.from(news.filter((id) => !rows.isUsable(toDonor.sourceOf[id]))),
    prefixes,
    donorRows: matrix,
    readDonorRows: (tokens: Uint32Array) =>
      readRows(
        matrix,
        Array.from(tokens, (id) => toDonor.sourceOf[id]),
        job,
      ),
  };
  if (news.length === 0) {
    const none = new Uint32Array(0);
    return {
      anchors: { targets: none, sources: none, donors: none },
      anchorRows: { rows: 0, columns: matrix.columns, data: new Float32Array(0) },
      ...ofTokens,
    };
  }
  const sourceRows = await usableRows("the model", table.slot, table.matrix, source.vocabulary, job);
  const isShared = (id: TokenId) =>
    isText(target.vocabulary, id) && isText(source.vocabulary, alignment.sourceOf[id]);
  const shared = ids.filter((id) => isShared(id) && isText(vocabulary, toDonor.sourceOf[id]));
  const usable = shared.filter(
    (id) =>
      rows.isUsable(toDonor.sourceOf[id]) && sourceRows.isUsable(alignment.sourceOf[id]) && isAllowed(id),
  );
  const targets = distinct(textFirst(usable, target.vocabulary), [toDonor.sourceOf, alignment.sourceOf])
    .sort((a, b) => toDonor.sourceOf[a] - toDonor.sourceOf[b])
    .slice(0, most);
  const donors = Uint32Array.from(targets, (id) => toDonor.sourceOf[id]);
  if (new Set(Array.from(donors, (id) => rows.hashes[id])).size < 2) {
    throw new RevocabError(
      "no_evidence",
      `found ${shared.length} tokens that the model and the donor share, of which ${targets.length} have ${slot} rows to go by, with ${targets.length === 0 ? "none" : "no two"} different; at least 2 were expected`,
      { hint: "the donor must share text tokens with the model, and have rows that were trained" },
    );
  }
  return {
    anchors: {
      targets: Uint32Array.from(targets),
      sources: Uint32Array.from(targets, (id) => alignment.sourceOf[id]),
      donors,
    },
    anchorRows: await readRows(matrix, donors, job),
    ...ofTokens,
  };
}

/** The donor's table with the role of a table of the source; a donor whose head is tied has its input rows for both. */
export function donorTableFor({ tables }: Donor, { slot, role }: EmbeddingTable): EmbeddingTable {
  const rows = tables.filter(({ isBias }) => !isBias);
  const ofRole = rows.filter((table) => table.role === role);
  const found =
    ofRole.find((table) => table.slot === slot) ??
    ofRole.find((table) => table.slot === role) ??
    ofRole[0] ??
    rows.find((table) => table.slot === "input");
  if (found !== undefined) return found;
  throw new RevocabError(
    "shape_mismatch",
    `the donor has ${rows.length === 0 ? "no table of rows" : rows.map((table) => table.slot).join(", ")}, expected one for ${slot}`,
    { hint: "a donor is a model with a row for each token" },
  );
}

/** Tokenizers of one family differ in a few tokens that were added later. */
const MOST_MISSING = 0.05;

/** @throws RevocabError shape_mismatch when the donor's rows are not those of the target's tokens */
function checkDonor(
  { target: { vocabulary: target }, alignment: { extendsSource = false, sourceOf } }: InitContext,
  { vocabulary, alignment }: Donor,
  { rows, columns }: StoredMatrix,
  slot: string,
): void {
  if (columns < 2) {
    throw new RevocabError(
      "shape_mismatch",
      `the donor's ${slot} rows have ${columns} ${columns === 1 ? "column" : "columns"}, expected at least 2`,
      { hint: "give another donor: rows of one number have no geometry" },
    );
  }
  const beyond = idsOf(vocabulary).filter((id) => id >= rows && vocabulary.kindOf(id) !== "unused");
  if (beyond.length > 0) {
    throw new RevocabError(
      "shape_mismatch",
      `the donor's ${slot} table has ${rows} rows, but ${beyond.length} of its tokens have higher ids, such as ${named(vocabulary, beyond)}`,
      { hint: "the donor's tokenizer must be the one that its rows were trained with" },
    );
  }
  // the tokenizer of a model that is extended is not the donor's, who is asked for the new tokens alone
  const text = idsOf(target).filter((id) => isText(target, id) && !(extendsSource && sourceOf[id] >= 0));
  const missing = text.filter((id) => alignment.sourceOf[id] < 0);
  const isWithout = text.length > 0 && missing.length === text.length;
  if (!isWithout && (extendsSource || missing.length <= MOST_MISSING * text.length)) return;
  throw new RevocabError(
    "shape_mismatch",
    `the donor lacks ${missing.length} of the ${text.length} ${extendsSource ? "new tokens" : "tokens of the target tokenizer"}, such as ${named(target, missing)}`,
    { hint: "a donor is a model that was trained with the target tokenizer" },
  );
}

interface UsableRows {
  /**
   * Whether there is such a row, and not of zeros alone.
   * @throws RevocabError not_finite for a row with such a number
   */
  isUsable(id: TokenId): boolean;
  /** [rows] equal for equal rows. */
  readonly hashes: BigUint64Array;
}

async function usableRows(
  owner: string,
  slot: string,
  matrix: StoredMatrix,
  vocabulary: Vocabulary,
  job: Job | undefined,
): Promise<UsableRows> {
  const { squaredNorms, hashes } = await scanRows(matrix, { job });
  return {
    isUsable(id) {
      if (!(id >= 0 && id < matrix.rows)) return false;
      if (Number.isFinite(squaredNorms[id])) return squaredNorms[id] > 0;
      throw new RevocabError(
        "not_finite",
        `the ${slot} row that ${owner} has for ${named(vocabulary, [id])} holds a number that is not finite`,
        { hint: "use the model as it was published, or repair the row" },
      );
    },
    hashes,
  };
}

/**
 * Whether a target token looks well trained in both models, by `wellTrainedTokens`.
 * @throws RevocabError aborted
 */
export async function wellTrainedInBoth(
  { source, alignment, job }: InitContext,
  donor: Donor,
): Promise<(token: TokenId) => boolean> {
  const inSource = await trainingOfModel(source, { job });
  const inDonor = await trainingOfModel(donor, { job });
  return (token) =>
    inSource.isWellTrained(alignment.sourceOf[token]) &&
    inDonor.isWellTrained(donor.alignment.sourceOf[token]);
}

/**
 * Tokens of text before byte tokens. Of `a` and `<0x61>`, which stand for the same byte, only `a` is met in texts: the other's row was
 * never trained.
 */
function textFirst(tokens: readonly TokenId[], vocabulary: Vocabulary): TokenId[] {
  const isByte = (id: TokenId) => vocabulary.kindOf(id) === "byte";
  return [...tokens.filter((id) => !isByte(id)), ...tokens.filter(isByte)];
}

/** The first token of each id that several tokens have, in any of the lists. */
function distinct(tokens: readonly TokenId[], lists: readonly Int32Array[]): TokenId[] {
  const seen = lists.map(() => new Set<number>());
  return tokens.filter((token) => {
    if (lists.some((ids, i) => seen[i].has(ids[token]))) return false;
    for (const [i, ids] of lists.entries()) seen[i].add(ids[token]);
    return true;
  });
}

function isText(vocabulary: Vocabulary, id: TokenId): boolean {
  if (!(id >= 0 && id < vocabulary.size)) return false;
  const kind = vocabulary.kindOf(id);
  return kind === "text" || kind === "byte";
}

function idsOf({ size }: Vocabulary): TokenId[] {
  return Array.from({ length: size }, (_, id) => id);
}

/** The first few tokens, as a message shows them. */
function named(vocabulary: Vocabulary, ids: readonly TokenId[]): string {
  return ids
    .slice(0, 3)
    .map((id) => `${id} ${quoteToken(vocabulary, id)}`)
    .join(", ");
}
