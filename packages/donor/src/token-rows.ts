import {
  type Donor,
  type EmbeddingTable,
  type InitContext,
  type Mixture,
  RevocabError,
  type StoredMatrix,
  type TokenId,
} from "@revocab/core";
import { MixtureBuilder, mixtureRow } from "@revocab/matrix";
import { donorTableFor } from "./anchors.ts";

/** The donor of a context. @throws RevocabError bad_options without one; what opening it throws */
export async function openDonor({ donor }: InitContext): Promise<Donor> {
  if (donor !== undefined) return donor();
  throw new RevocabError("bad_options", "found no donor, which the method takes its rows by", {
    hint: "pass `donor`: a model that was trained with the target tokenizer",
  });
}

/** The rows that a method has for the tokens of a target. */
export interface TokenRows {
  readonly mixture: Mixture;
  /** The row of the mixture. */
  readonly rowOf: ReadonlyMap<TokenId, number>;
}

/**
 * Rows for every table: computed once for tables that share their rows in source and donor; a bias has the weights of the rows that it
 * belongs to, so that logits are weighed as a whole.
 */
export async function rowsOfTables(
  { source: { tables } }: InitContext,
  donor: Donor,
  compute: (table: EmbeddingTable) => Promise<TokenRows>,
): Promise<(table: EmbeddingTable) => TokenRows> {
  const known: { readonly source: StoredMatrix; readonly donor: StoredMatrix; readonly rows: TokenRows }[] =
    [];
  const find = (table: EmbeddingTable) => {
    const { matrix } = donorTableFor(donor, table);
    return known.find((one) => one.source === table.matrix && one.donor === matrix)?.rows;
  };
  const ofRows = tables.filter(({ isBias }) => !isBias);
  for (const table of ofRows) {
    if (find(table) !== undefined) continue;
    const rows = await compute(table);
    known.push({ source: table.matrix, donor: donorTableFor(donor, table).matrix, rows });
  }
  const rowsOfBias = ({ slot, role }: EmbeddingTable) =>
    ofRows.find((table) => slot.startsWith(`${table.slot}.`)) ??
    ofRows.find((table) => table.role === role) ??
    ofRows[0];
  return (table) => find(table.isBias ? rowsOfBias(table) : table)!;
}

/** The rows of some tokens, in their order; empty for a token without one. */
export function selectMixture(tokens: Uint32Array, { mixture, rowOf }: TokenRows): Mixture {
  const builder = new MixtureBuilder();
  for (const token of tokens) {
    const row = rowOf.get(token);
    if (row === undefined) builder.addEmpty();
    else {
      const { sources, weights } = mixtureRow(mixture, row);
      builder.addRow(sources, weights);
    }
  }
  return builder.build();
}
