import type {
  Matrix,
  Mixture,
  MixtureMethod,
  PreparedMixture,
  PreparedRows,
  RowMethod,
  TokenId,
} from "@revocab/core";
import { MixtureBuilder, mixtureRow, readRows } from "@revocab/matrix";
import { type DonorMethod, type DonorTask, isForBothRoles, rowsOfTables } from "./donor-tasks.ts";
import type { AnchorRows } from "./solvers/anchor-rows.ts";

/** Rows that are sums of anchors. */
export interface MixtureByDonor extends DonorMethod {
  readonly weights: MixtureMethod["weights"];
  /** Weights [n × A] over the anchors for the new tokens; an empty row for a token that the method has none for. */
  weigh(task: DonorTask): Promise<Mixture>;
}

/**
 * A method whose rows are sums of anchors, with weights for each table. Shared tokens that are anchors are copies; a head bias has the weights
 * of the rows it belongs to, so that logits are weighed as a whole.
 */
export function mixtureByDonor({ weights, weigh, ...method }: MixtureByDonor): MixtureMethod {
  return {
    kind: "mixture",
    weights,
    ...described(method),
    async prepare(context): Promise<PreparedMixture> {
      const rows = await rowsOfTables(context, method, async (task) => {
        const { tokens, anchors, prefixes } = task.evidence;
        const mixture = tokens.length === 0 ? new MixtureBuilder().build() : await weigh(task);
        const builder = new MixtureBuilder();
        const rowOf = new Map<TokenId, number>();
        for (const [row, token] of tokens.entries()) {
          const { sources, weights: ofAnchors } = mixtureRow(mixture, row);
          if (sources.length > 0) rowOf.set(token, row);
          builder.addRow(
            Array.from(sources, (anchor) => anchors.sources[anchor]),
            ofAnchors,
          );
        }
        const copies = [
          ...prefixes,
          ...Array.from(anchors.targets, (token, i) => [token, anchors.sources[i]] as const),
        ];
        for (const [i, [token, source]] of copies.entries()) {
          rowOf.set(token, tokens.length + i);
          builder.addRow([source], [1]);
        }
        return { mixture: builder.build(), rowOf };
      });
      return { mixture: (tokens, table) => selectMixture(tokens, rows(table)) };
    },
  };
}

/** Rows by a function of the anchors' rows in both models. */
export interface RowsByDonor extends DonorMethod {
  /** Finds out, once for each table, how the rows come about. */
  fit(task: DonorTask, anchors: AnchorRows): Promise<FittedRows>;
}

export interface FittedRows {
  /** Tokens with a row, of anchors and new tokens. @default all of them */
  readonly covered?: ReadonlySet<TokenId>;
  /** [tokens × d_s] the rows of anchors and of new tokens. A row does not depend on those beside it. */
  rows(tokens: Uint32Array): Promise<Matrix>;
}

/** A method whose rows are no sums; head biases are left to the fallback, as a map has no direction for them. */
export function rowsByDonor({ fit, ...method }: RowsByDonor): RowMethod {
  return {
    kind: "rows",
    ...described(method),
    async prepare(context): Promise<PreparedRows> {
      const rows = await rowsOfTables(context, method, async (task) => {
        const { tokens, anchors, prefixes, anchorRows } = task.evidence;
        if (tokens.length === 0) return { prefixes, covered: new Set(prefixes.keys()) };
        const source = await readRows(task.table.matrix, Array.from(anchors.sources), context.job);
        const fitted = await fit(task, { donor: anchorRows, source });
        const { covered = new Set([...tokens, ...anchors.targets]) } = fitted;
        return { prefixes, covered: new Set([...covered, ...prefixes.keys()]), fitted };
      });
      return {
        covers: (token, table) => !table.isBias && rows(table).covered.has(token),
        async rows(tokens, table) {
          const { prefixes, fitted } = rows(table);
          const { matrix } = table;
          const data = new Float32Array(tokens.length * matrix.columns);
          const place = (of: readonly number[], found: Matrix | undefined) => {
            of.forEach((i, at) => {
              data.set(
                found!.data.subarray(at * matrix.columns, (at + 1) * matrix.columns),
                i * matrix.columns,
              );
            });
          };
          const places = Array.from(tokens.keys());
          const copied = places.filter((i) => prefixes.has(tokens[i]));
          const computed = places.filter((i) => !prefixes.has(tokens[i]));
          place(
            copied,
            await readRows(
              matrix,
              copied.map((i) => prefixes.get(tokens[i])!),
            ),
          );
          place(computed, await fitted?.rows(Uint32Array.from(computed, (i) => tokens[i])));
          return { rows: tokens.length, columns: matrix.columns, data };
        },
      };
    },
  };
}

function described({ name, paper, options, anchors }: DonorMethod) {
  return {
    name,
    paper,
    differsByRole: isForBothRoles(anchors) ? ("donor" as const) : true,
    needs: ["donor" as const],
    options: { ...options, ...anchors },
  };
}

/** The rows of some tokens, in their order; empty for a token without one. */
function selectMixture(
  tokens: Uint32Array,
  { mixture, rowOf }: { readonly mixture: Mixture; readonly rowOf: ReadonlyMap<TokenId, number> },
): Mixture {
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
