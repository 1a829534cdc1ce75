import {
  type EmbeddingTable,
  type InitContext,
  type MixtureMethod,
  RevocabError,
  type TokenId,
} from "@revocab/core";
import { MixtureBuilder } from "@revocab/matrix";
import { fadedPieces, type WeightedSources } from "./chain-rule/faded-pieces.ts";
import { headRows } from "./chain-rule/head-rows.ts";
import { checkOption } from "./check-option.ts";
import { evidenceName } from "./evidence-name.ts";
import { noteEvidence } from "./note-evidence.ts";

/** How far a head row is fitted to what the layers say of a text. */
export const CORRECTIONS = ["none", "map", "contextual"] as const;
export type Correction = (typeof CORRECTIONS)[number];

export interface ChainRuleOptions {
  /** A UTF-8 file of text like that the model shall read and write. */
  readonly text?: string;
  /**
   * Source tokens of text that the model writes itself, to be read beside the text or in its place. With 0 and without a
   * text, shares follow from the order of the target's ids, and the layers are run on random target tokens.
   * @default 40_000 without a text, 0 with one
   */
  readonly written?: number;
  /** What a piece weighs at the input beside the one after it, 0 … 1. @default 0.5 */
  readonly fade?: number;
  /** Added to each token's count in the text, > 0. @default 0.1 */
  readonly smoothing?: number;
  /**
   * - `none`: head rows are the formula's alone;
   * - `map`: they are turned by M, which takes the states that the layers give for the new tokens to those they give for
   *   the old;
   * - `contextual`: and shares depend on the state, for tokens that the text has.
   * @default "contextual", and "none" without any text
   */
  readonly correction?: Correction;
  /** Source tokens of the text that the layers read. @default 40_000 */
  readonly states?: number;
  /** `contextual`: how many contexts of a token its share without context is worth. @default 30 */
  readonly prior?: number;
  /** @default all cores */
  readonly threads?: number;
}

/**
 * Each new token becomes what its first piece is at the head, less likely by its share of all tokens that begin with that
 * piece; at the input it becomes the sum of its pieces, the last in full and each one before it half as much.
 *
 * A head row is a logit, and P(t | c) = P(s₁ | c) · P(t | s₁, c): row(t) = row(s₁) + log P̂(t | s₁)·u with u·h ≈ 1. Where
 * the model has a head bias, the logarithm goes there. Tokens that both vocabularies have get a head row too: they now
 * compete with longer tokens that begin with them.
 *
 * Sources: this project; the sum at the input and the idea of reading head rows from the first piece are transplant-vocab's.
 * @see https://github.com/jukofyork/transplant-vocab
 * @throws RevocabError bad_options; when it prepares, what reading the text and running the model throws
 */
export function chainRule({
  text,
  fade = 0.5,
  smoothing = 0.1,
  written = text === undefined ? 40_000 : 0,
  correction = text === undefined && written === 0 ? "none" : "contextual",
  states = 40_000,
  prior = 30,
  threads,
}: ChainRuleOptions = {}): MixtureMethod {
  checkOption("fade", fade, fade >= 0 && fade <= 1, "a number from 0 to 1");
  checkOption("smoothing", smoothing, smoothing > 0 && Number.isFinite(smoothing), "a number above 0");
  checkOption("states", states, Number.isInteger(states) && states >= 100, "a whole number from 100");
  checkOption("written", written, Number.isInteger(written) && written >= 0, "a whole number from 0");
  checkOption("prior", prior, prior > 0 && Number.isFinite(prior), "a number above 0");
  if (!CORRECTIONS.includes(correction)) {
    throw new RevocabError(
      "bad_options",
      `correction is "${correction}", expected ${CORRECTIONS.join(", ")}`,
    );
  }
  if (text === undefined && written === 0 && correction !== "none") {
    throw new RevocabError("bad_options", `the correction "${correction}" was asked for without a text`, {
      hint: "pass text=FILE or written=40000, or correction=none",
    });
  }
  return {
    kind: "mixture",
    name: "chain-rule",
    weights: "signed",
    differsByRole: true,
    changesShared: true,
    runsModel: true,
    options: {
      fade,
      correction,
      states,
      written,
      ...(text !== undefined && { text: evidenceName(text) }),
      ...((text !== undefined || written > 0) && { smoothing }),
      ...(correction === "contextual" && { prior }),
    },
    async prepare(context) {
      const input = fadedPieces(context, fade);
      const head = hasHead(context)
        ? await headRows(context, {
            text,
            smoothing,
            correction,
            states,
            written,
            prior,
            inputOf: (token) => input(token) ?? copied(context, token),
            ...(threads !== undefined && { threads }),
          })
        : undefined;
      await noteEvidence(context, "chain-rule", { text });
      return {
        mixture(tokens, table) {
          const builder = new MixtureBuilder();
          for (const token of tokens) {
            const row = table.role === "input" ? input(token) : head?.rowOf(token, table);
            if (row === undefined) builder.addEmpty();
            else builder.addRow(row.sources, row.weights);
          }
          return builder.build();
        },
        basis: (table) =>
          table.role === "output" && head !== undefined
            ? head.basis(table)
            : { rows: 0, columns: table.matrix.columns, data: new Float32Array(0) },
      };
    },
  };
}

/** A special is read with the row it will have, that of the source's special in its place. */
function copied({ alignment: { sourceOf } }: InitContext, token: TokenId): WeightedSources | undefined {
  return sourceOf[token] < 0 ? undefined : { sources: [sourceOf[token]], weights: [1] };
}

function hasHead({ source: { tables } }: InitContext): boolean {
  return tables.some(({ role }: EmbeddingTable) => role === "output");
}
