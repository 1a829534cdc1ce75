import type { InitContext, MixtureMethod, TokenId } from "@revocab/core";
import { filePath, type MethodEntry, methodEntry, numberOption } from "@revocab/embedding-init";
import { evidenceName, noteEvidence } from "@revocab/embedding-init/internal";
import { MixtureBuilder } from "@revocab/matrix";
import { z } from "zod";
import { headRows } from "./head-rows.ts";
import { fadedPieces, type WeightedSources } from "./pieces.ts";
import { type ChainRuleOptions, CORRECTIONS, chainRuleSettings } from "./settings.ts";

/**
 * At the head a new token gets the logit of its first piece plus log P(token | first piece); at the input it becomes the
 * sum of its pieces, the last in full and each one before it half as much.
 *
 * A head row is a logit, and P(t | c) = P(s₁ | c) · P(t | s₁, c): row(t) = row(s₁) + log P̂(t | s₁)·u with u·h ≈ 1. Where
 * the model has a head bias, the logarithm goes there. Tokens that both vocabularies have get a head row too: they now
 * compete with longer tokens that begin with them.
 *
 * Sources: this project; the sum at the input and the idea of reading head rows from the first piece are transplant-vocab's.
 * @see https://github.com/jukofyork/transplant-vocab
 * @throws RevocabError bad_options; when it prepares, what reading the text and running the model throws
 */
export function chainRule(options: ChainRuleOptions = {}): MixtureMethod {
  const settings = chainRuleSettings(options);
  const { text, fade, smoothing, written, correction, states, seconds } = settings;
  const readsText = text !== undefined || written > 0;
  return {
    kind: "mixture",
    name: "chain-rule",
    weights: "signed",
    differsByRole: true,
    changesShared: true,
    needs: readsText ? ["model", "encode"] : ["model"],
    options: {
      fade,
      correction,
      states,
      written,
      ...(text !== undefined && { text: evidenceName(text) }),
      ...(seconds !== undefined && { seconds }),
      ...(readsText && { smoothing }),
    },
    async prepare(context) {
      const input = fadedPieces(context, fade);
      const hasHead = context.source.tables.some(({ role }) => role === "output");
      const inputOf = (token: TokenId) => input(token) ?? counterpart(context, token);
      const head = hasHead ? await headRows(context, { ...settings, inputOf }) : undefined;
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

/** A special has no pieces: in the sample it is read with the row of its source counterpart, which it also gets in the model. */
function counterpart({ alignment: { sourceOf } }: InitContext, token: TokenId): WeightedSources | undefined {
  return sourceOf[token] < 0 ? undefined : { sources: [sourceOf[token]], weights: [1] };
}

/** The method in the catalog: its name on the command line and in recipes is `chain-rule`. */
export const chainRuleEntry: MethodEntry = methodEntry("chain-rule", {
  summary:
    "At the head a new token gets the logit of its first piece plus log P(token | first piece); at the input it becomes a sum of its pieces, where earlier pieces weigh less.",
  evidence:
    "the source model, which is run; a text like those it will read and write; without one it generates its own",
  preference: { rank: 2, given: ["text"] },
  options: z.object({
    text: filePath.optional().describe("a text (UTF-8) like those the model will read and write"),
    written: numberOption(z.number())
      .optional()
      .describe("source tokens of text that the model writes itself; 40,000 without a text, 0 with one"),
    fade: numberOption(z.number()).default(0.5).describe("what a piece weighs at the input beside the next"),
    smoothing: numberOption(z.number()).default(0.1).describe("added to each token's count in the text"),
    correction: z
      .enum(CORRECTIONS)
      .optional()
      .describe(
        "none: the formula alone; map: head rows turned to the hidden states of the new tokens; contextual: and fitted to what follows each state of the text; contextual when not given",
      ),
    states: numberOption(z.number())
      .default(40_000)
      .describe("source tokens of the text that the model is run on"),
    seconds: numberOption(z.number())
      .optional()
      .describe("how long reading the text and the fits may take; fewer tokens are read then"),
  }),
  create: ({ text, written, correction, ...rest }) =>
    chainRule({
      ...rest,
      text,
      written,
      correction,
    }),
});
