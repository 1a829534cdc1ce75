import { RevocabError, type Role, type TokenId } from "@revocab/core";
import { METHODS } from "@revocab/embedding-init";
import { mixtureRow } from "@revocab/matrix";
import { displayToken, unlessRefused } from "@revocab/vocabulary";
import { quoteToken } from "@revocab/vocabulary/internal";
import { labelOfRow, type SwapPlan } from "./swap-plan.ts";
import { tokenizerOf } from "./target/plan-target.ts";

/** What one row of the target model is: a sum of source rows, or the work of a method. */
export interface TokenExplanation {
  readonly id: TokenId;
  readonly token: string;
  readonly tables: readonly {
    readonly slot: string;
    readonly role: Role;
    /** The method that initialized the row. */
    readonly origin: string;
    /** Heaviest first, equal weights in the order of the plan; empty for a row that is no sum. */
    readonly sum: readonly { readonly id: number; readonly token: string; readonly weight: number }[];
  }[];
}

/** Explains the rows of one target id as weighted sums of source tokens. */
export function explainToken(plan: SwapPlan, id: TokenId): TokenExplanation {
  const { vocabulary } = tokenizerOf(plan.target);
  if (!Number.isInteger(id) || id < 0 || id >= plan.target.rows) {
    throw new RevocabError(
      "bad_options",
      `there is no id ${id}: the plan has rows 0 … ${plan.target.rows - 1}`,
      { hint: "name a token by its text or by an id of the target tokenizer" },
    );
  }
  return {
    id,
    token: id < vocabulary.size ? displayToken(vocabulary, id) : "(padding row)",
    tables: plan.tables.map(({ slot, role, mixture, origin, origins }) => {
      const { sources, weights } = mixtureRow(mixture, id);
      const method = origins[origin[id] as number] as string;
      const sum = Array.from(sources, (source, i) => ({
        id: source,
        token: source < plan.source.rows ? labelOfRow(plan.source, source) : basisLabel(method),
        weight: weights[i] as number,
      }));
      sum.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
      return { slot, role, origin: method, sum };
    }),
  };
}

/** What a basis row is: the catalog tells it of methods; unused ids get the mean. */
function basisLabel(origin: string): string {
  const entry = Object.hasOwn(METHODS, origin) ? METHODS[origin] : undefined;
  const basis = origin === "unused" ? "mean of the used rows" : entry?.basis;
  return `(${basis ?? `a row that ${origin} computed`})`;
}

/**
 * The target id that a person names: by a number, by the name of a special token, or by the exact text of a token.
 *
 * @throws RevocabError `bad_options` with the pieces of a text that is no single token
 */
export async function findToken(plan: SwapPlan, wanted: string): Promise<TokenId> {
  const tokenizer = tokenizerOf(plan.target);
  const { vocabulary } = tokenizer;
  if (/^\d+$/.test(wanted)) return Number(wanted);
  const id = vocabulary.idOfSpecial(wanted) ?? vocabulary.idsOf(new TextEncoder().encode(wanted))[0];
  if (id !== undefined) return id;
  const pieces = Array.from(
    (await unlessRefused(tokenizer.encode(wanted))) ?? [],
    (piece) => `${piece} ${quoteToken(vocabulary, piece)}`,
  );
  throw new RevocabError("bad_options", `"${wanted}" is no token of the target tokenizer`, {
    hint: `it writes this text as: ${pieces.join(", ") || "nothing"}; name one of these, by text or id`,
  });
}
