import {
  type Alignment,
  type Job,
  MATCHES,
  type Match,
  type ProgressListener,
  RevocabError,
  SPECIAL_ROLES,
  type SpecialRole,
  type TokenId,
  type Vocabulary,
} from "@revocab/core";
import { isSameEntry } from "./extends-vocabulary.ts";

export interface AlignOptions {
  readonly source: Vocabulary;
  readonly target: Vocabulary;
  readonly job?: Job;
}

/** Tokens between two looks at the abort signal: a few milliseconds of work. */
const TOKENS_PER_CHECK = 4096;

/**
 * Finds for each target token the source token that is the same, or else the source tokens that spell it.
 *
 * - Specials: see {@link matchSpecial}.
 * - Text and byte tokens: by the bytes they stand for, whatever either family writes them with. Of several source
 *   tokens with these bytes the same entry at the same id comes first, so that a vocabulary aligned with itself, or
 *   with an extension of itself, maps every id to itself, duplicates included. Else the n-th target token of some bytes
 *   takes the n-th source token of them, or the last there is, both counted text before byte and then by id: a text
 *   token takes the trained row of the text token, and a byte token beside it the byte token's. (A byte-fallback row for a letter that has a text token is untrained: taking it cost 4.87 bits per byte instead of
 *   2.92 on `stories260k` → `tinystories-bpe-1024`.)
 * - Whatever is not matched is spelled by the source's own model.
 *
 * Example: GPT-2's `Ġa` and Llama's `▁a` both stand for the bytes 20 61, so they are one token; Llama's `<0x0A>` is
 * GPT-2's `Ċ`.
 *
 * @throws RevocabError `aborted` when the signal is already aborted or a progress listener aborts it.
 */
export function alignVocabularies({ source, target, job }: AlignOptions): Alignment {
  const sourceOf = new Int32Array(target.size).fill(-1);
  const match = new Uint8Array(target.size);
  const headSourceOf = new Map<TokenId, TokenId>();
  const pieceOffsets = new Uint32Array(target.size + 1);
  const pieces: number[] = [];
  const counts = { shared: 0, specialByRole: 0, specialByString: 0, spelled: 0, byteOnly: 0, unused: 0 };
  const withoutEvidence: TokenId[] = [];

  for (let id = 0; id < target.size; id++) {
    if (id % TOKENS_PER_CHECK === 0) report(id, target.size, job?.abortSignal, job?.onProgress);
    const kind = target.kindOf(id);
    if (kind === "unused") counts.unused++;
    else if (kind === "special") alignSpecial(id);
    else alignText(id);
    pieceOffsets[id + 1] = pieces.length;
  }
  report(target.size, target.size, job?.abortSignal, job?.onProgress);

  const duplicates = { source: countDuplicates(source), target: countDuplicates(target) };
  return {
    sourceOf,
    match,
    headSourceOf,
    pieceOffsets,
    pieces: Uint32Array.from(pieces),
    counts: { ...counts, withoutEvidence, duplicates },
  };

  function alignSpecial(id: TokenId): void {
    const found = matchSpecial(source, target, id);
    if (found === undefined) {
      withoutEvidence.push(id);
      return;
    }
    record(id, found.source, found.by);
    if (found.headSource !== found.source) headSourceOf.set(id, found.headSource);
    if (found.by === "role") counts.specialByRole++;
    else counts.specialByString++;
  }

  function alignText(id: TokenId): void {
    const bytes = target.bytesOf(id);
    const same = isSameEntry(source, target, id) ? id : counterpart(id, bytes);
    if (same !== undefined) {
      record(id, same, "bytes");
      counts.shared++;
      return;
    }
    const spelling = source.spell(bytes);
    if (spelling === undefined || spelling.length === 0) {
      withoutEvidence.push(id);
      return;
    }
    for (const piece of spelling) pieces.push(piece);
    if (spelling.every((piece) => source.kindOf(piece) === "byte")) counts.byteOnly++;
    else counts.spelled++;
  }

  function counterpart(id: TokenId, bytes: Uint8Array): TokenId | undefined {
    const candidates = source.idsOf(bytes);
    if (candidates.length < 2) return candidates[0];
    return candidates[Math.min(target.idsOf(bytes).indexOf(id), candidates.length - 1)];
  }

  function record(id: TokenId, sourceId: TokenId, by: Match): void {
    sourceOf[id] = sourceId;
    match[id] = MATCHES.indexOf(by);
  }
}

/** Text and byte tokens that are not the first of their bytes. */
function countDuplicates(vocabulary: Vocabulary): number {
  let count = 0;
  for (let id = 0; id < vocabulary.size; id++) {
    const kind = vocabulary.kindOf(id);
    if (kind !== "text" && kind !== "byte") continue;
    if (vocabulary.idsOf(vocabulary.bytesOf(id))[0] !== id) count++;
  }
  return count;
}

function report(
  done: number,
  total: number,
  abortSignal: AbortSignal | undefined,
  onProgress: ProgressListener | undefined,
): void {
  onProgress?.({ type: "progress", step: "align", done, total, unit: "tokens" });
  if (abortSignal?.aborted) {
    throw new RevocabError(
      "aborted",
      `aborted while aligning vocabularies, after ${done} of ${total} tokens`,
      {
        cause: abortSignal.reason,
      },
    );
  }
}

/** The source special for a target special, and how it was found. */
interface SpecialMatch {
  readonly by: "role" | "string";
  readonly source: TokenId;
  /** The source id for the head row, where it is another one. */
  readonly headSource: TokenId;
}

/** At the output a special is a prediction, and the one that ends a text is the one that is trained there. */
const HEAD_ROLES: readonly SpecialRole[] = ["eos", ...SPECIAL_ROLES.filter((role) => role !== "eos")];

/**
 * Finds the source special that does the same job as a target special: by role first, by the same string second,
 * never by the bytes of ordinary text.
 *
 * A target special with several roles may meet several source tokens: GPT-2's `<|endoftext|>` is bos, eos and unk,
 * Llama has a token for each. The roles are then tried in a fixed order, and the first that the source has decides:
 * - input row: the order of `SPECIAL_ROLES`, bos first. At the input the token opens a text, and the row a text opens
 *   with carries the model's attention sink; eos is hardly ever read. (`stories260k` → GPT-2, sub-token mean: 3.15 bits
 *   per byte when texts open with the bos row, 3.31 with the eos row.)
 * - head row: eos first. At the output the token closes a text; a bos row was never a training target, so a model
 *   with it at the head would not stop.
 * A tied model has one row for both and takes the input's.
 *
 * A special that is the same entry in both vocabularies, with the same roles, is its own match whatever else shares them.
 */
function matchSpecial(source: Vocabulary, target: Vocabulary, id: TokenId): SpecialMatch | undefined {
  const roles = target.rolesOf(id);
  if (isSameEntry(source, target, id) && haveEqualRoles(roles, source.rolesOf(id)))
    return { by: roles.length > 0 ? "role" : "string", source: id, headSource: id };

  const byRole = firstOfRoles(source, roles, SPECIAL_ROLES);
  if (byRole !== undefined) {
    return { by: "role", source: byRole, headSource: firstOfRoles(source, roles, HEAD_ROLES) ?? byRole };
  }
  const byString = source.idOfSpecial(target.tokenOf(id));
  return byString === undefined ? undefined : { by: "string", source: byString, headSource: byString };
}

function haveEqualRoles(roles: readonly SpecialRole[], others: readonly SpecialRole[]): boolean {
  return roles.length === others.length && roles.every((role) => others.includes(role));
}

function firstOfRoles(
  source: Vocabulary,
  roles: readonly SpecialRole[],
  order: readonly SpecialRole[],
): TokenId | undefined {
  for (const role of order) {
    const id = roles.includes(role) ? source.idOfRole(role) : undefined;
    if (id !== undefined) return id;
  }
  return undefined;
}
