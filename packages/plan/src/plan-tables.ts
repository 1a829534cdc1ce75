import {
  type Alignment,
  type EmbeddingTable,
  type FallbackChain,
  type InitMethod,
  RevocabError,
  type TokenId,
  type Vocabulary,
} from "@revocab/core";
import {
  copyOverlap,
  mean,
  methodsOf,
  specialsApart,
  spelledDigits,
  withFallback,
} from "@revocab/embedding-init";
import type { OpenModel } from "./model/open-model.ts";
import type { PlanOptions } from "./plan-options.ts";

type Method = FallbackChain["methods"][number];

/**
 * Which methods initialize the rows of which tables, and how many rows there will be. Nothing is computed yet.
 * @throws RevocabError `needs_untie`, `bad_options`
 */
export function planTables(options: PlanOptions): {
  readonly chain: FallbackChain;
  readonly rows: number;
  readonly tables: readonly EmbeddingTable[];
} {
  const chain = chainOf(options);
  const rows = numberOfRows(options);
  return { chain, rows, tables: targetTables(options, chain, rows) };
}

/**
 * Shared tokens are copied before the method is tried, or after one that has rows of its own for them. A fallback that does
 * not cover all tokens gets the mean as its own fallback.
 */
function chainOf({
  method: ofOthers,
  fallback: chosen = mean(),
  copyShared,
  digits = "method",
}: PlanOptions): FallbackChain {
  const method = digits === "spelling" ? withFallback(spelledDigits(), ofOthers) : ofOthers;
  const fallback = coversAll(chosen) ? chosen : withFallback(chosen, mean());
  if (copyShared === false) return withFallback(method, fallback);
  const isTriedFirst =
    copyShared === undefined && methodsOf(method).some(({ changesShared }) => changesShared);
  return isTriedFirst
    ? withFallback(method, copyOverlap(), fallback)
    : withFallback(copyOverlap(), method, fallback);
}

/** A chain is taken as it is: its caller has chosen where it ends. */
function coversAll(method: InitMethod): boolean {
  return method.kind === "chain" || method.coversAll === true;
}

function numberOfRows({ tokenizer, rows, padToMultipleOf, minimumRows = 0 }: PlanOptions): number {
  const { size } = tokenizer.vocabulary;
  if (rows === undefined) return padded(Math.max(size, minimumRows), padToMultipleOf);
  if (padToMultipleOf !== undefined) {
    throw new RevocabError("bad_options", "`rows` and `padToMultipleOf` were both given", {
      hint: "`rows` is the number of rows, `padToMultipleOf` rounds it up: leave one of them out",
    });
  }
  if (Number.isInteger(rows) && rows >= size && rows <= MAX_ROWS) return rows;
  throw new RevocabError(
    "bad_options",
    `${rows} rows were asked for; a whole number from ${size}, which the tokenizer has ids for, to ${MAX_ROWS} was expected`,
    { hint: `give \`rows: ${size}\` or more, or leave it out` },
  );
}

const MAX_ROWS = 2 ** 24;
/** A quarter of this is the size of the largest vocabularies: a greater multiple is a slip. */
const MAX_MULTIPLE = 2 ** 20;

function padded(size: number, multiple = 1): number {
  if (Number.isInteger(multiple) && multiple >= 1 && multiple <= MAX_MULTIPLE) {
    return Math.ceil(size / multiple) * multiple;
  }
  throw new RevocabError(
    "bad_options",
    `rows were asked for as a multiple of ${multiple}; a whole number from 1 to ${MAX_MULTIPLE} was expected`,
    { hint: "64 or 128 suit most hardware; `rows` gives a number of rows as it is" },
  );
}

/** The tables that the target model will have; untying adds an output table over the same source rows. */
function targetTables(
  { model: { checkpoint }, untie = false, role, donor }: PlanOptions,
  { methods }: FallbackChain,
  rows: number,
): readonly EmbeddingTable[] {
  const { tables, tied } = checkpoint;
  if (untie && !tied) {
    throw new RevocabError("bad_options", "the model's head is its own already: there is nothing to untie", {
      hint: "leave `untie` out",
    });
  }
  const input = tables.find((table) => table.slot === "input");
  if (!tied || !input) {
    if (role) {
      throw new RevocabError(
        "bad_options",
        `\`role: ${role}\` was given, but the model's head has rows of its own`,
        {
          hint: "leave `role` out: input and output each get the rows of their role",
        },
      );
    }
    return tables;
  }
  if (untie) {
    if (role) {
      throw new RevocabError("bad_options", "`untie` and `role` were both given", {
        hint: "with `untie` input and output each get the rows of their role",
      });
    }
    return [...tables, { slot: "output", role: "output", isBias: false, matrix: input.matrix }];
  }
  const differing = methods.find((method) => differsByRole(method, donor));
  if (differing && !role) throw needsUntie(differing, rows * input.matrix.columns);
  return role ? tables.map((table) => (table.slot === "input" ? { ...table, role } : table)) : tables;
}

/** A donor without head rows of its own has its input rows for both roles. Without a donor `donorOf` says what is missing. */
function differsByRole({ differsByRole: differs }: Method, donor: OpenModel | undefined): boolean {
  if (differs !== "donor") return differs;
  return donor?.checkpoint.tables.some(({ role, isBias }) => role === "output" && !isBias) === true;
}

/** @param added parameters of a head of its own */
function needsUntie({ name, differsByRole: differs }: Method, added: number): RevocabError {
  const isByDonor = differs === "donor";
  const found = isByDonor
    ? `${name} goes by the donor, which has other rows at the input than at the output`
    : `${name} gives a token different rows at the input and at the output`;
  const untie = `\`untie\` to give the head rows of its own (it adds ${added.toLocaleString("en")} parameters)`;
  return new RevocabError("needs_untie", `${found}, but this model is tied: one row serves both`, {
    hint: isByDonor
      ? `pass \`role: input\` to go by the donor's input rows or \`role: output\` to go by those of its head, or ${untie}`
      : `pass ${untie}, or \`role: input\` or \`role: output\` to use those rows for both`,
  });
}

/**
 * Adds noise to the chain's rows where a new special would get the same row as another token:
 * - a special with a counterpart by role, such as a new end-of-text token, whose row another token gets, too: that row and noise;
 * - a special that only a stand-in such as the mean would initialize: the mean and noise.
 *
 * Text tokens that no method has a row for still get the mean. Specials that a method has rows for get these.
 */
export function keepSpecialsApart(
  { methods }: FallbackChain,
  {
    alignment: { sourceOf },
    target,
    ids,
  }: {
    readonly alignment: Alignment;
    readonly target: Vocabulary;
    /** Ids that were added to the vocabulary, or renamed. */
    readonly ids: readonly TokenId[];
  },
): { readonly chain: FallbackChain; readonly note: string | undefined } {
  const specials = ids.filter((id) => target.kindOf(id) === "special");
  const users = new Map<TokenId, number>();
  for (const source of sourceOf) users.set(source, (users.get(source) ?? 0) + 1);
  const shared = specials.filter((id) => sourceOf[id]! >= 0 && users.get(sourceOf[id]!)! > 1);
  const place = methods.findIndex(({ isStandIn }) => isStandIn);
  const alone = place < 0 ? [] : specials.filter((id) => sourceOf[id]! < 0);
  const apart = (tokens: readonly TokenId[]) =>
    tokens.length === 0
      ? []
      : [specialsApart({ tokens: new Map(tokens.map((id) => [id, counterpartOf(sourceOf[id]!)])) })];
  const count = shared.length + alone.length;
  return {
    chain: {
      kind: "chain",
      methods: [
        ...apart(shared),
        ...(place < 0 ? methods : [...methods.slice(0, place), ...apart(alone), ...methods.slice(place)]),
      ],
    },
    note:
      count === 0
        ? undefined
        : `${count === 1 ? "1 new special has" : `${count} new specials have`} the row of a counterpart, or the mean, and noise of the covariance: equal rows could not be told apart`,
  };
}

function counterpartOf(source: number): TokenId | undefined {
  return source < 0 ? undefined : source;
}
