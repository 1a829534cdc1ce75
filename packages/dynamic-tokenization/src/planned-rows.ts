import type { RowMethod, TablePlan, TokenId } from "@revocab/core";
import { firstAtLeast, MixtureBuilder, mixtureRow, mixtureRows } from "@revocab/matrix";
import { type OpenModel, type PlannedSwap, tokenizerOf } from "@revocab/plan";
import { checkFit } from "@revocab/plan/internal";

/**
 * A token becomes the row that a plan has for the target token with the same bytes. The plan's row source must stay open.
 * @throws RevocabError `apply_mismatch` for a plan of another model
 */
export function plannedRows({ plan, rowSource }: PlannedSwap, model: OpenModel): RowMethod {
  checkFit(plan, model);
  const { vocabulary: target } = tokenizerOf(plan.target);
  const tableIn = (slot: string): TablePlan | undefined => plan.tables.find((table) => table.slot === slot);
  return {
    kind: "rows",
    name: "plan",
    differsByRole: model.checkpoint.tied && tableIn("output") !== undefined,
    options: { plan: plan.target.name },
    async prepare({ target: { vocabulary } }) {
      const idOf = (token: TokenId): TokenId | undefined => target.idsOf(vocabulary.bytesOf(token))[0];
      return {
        covers: (token, { slot }) => tableIn(slot) !== undefined && idOf(token) !== undefined,
        async rows(tokens, { slot, matrix }) {
          const { mixture, basis, dense } = tableIn(slot)!;
          const ids = Array.from(tokens, (token) => idOf(token)!);
          const builder = new MixtureBuilder();
          for (const id of ids) {
            const { sources, weights } = mixtureRow(mixture, id);
            builder.addRow(sources, weights);
          }
          const rows = await mixtureRows({
            mixture: builder.build(),
            source: matrix,
            ...(basis.rows > 0 && { basis }),
          });
          for (const [row, id] of ids.entries()) {
            const place = firstAtLeast(dense.ids, id);
            if (dense.ids[place] !== id) continue;
            rows.data.set((await rowSource.read(slot, place, 1)).data, row * rows.columns);
          }
          return rows;
        },
      };
    },
  };
}
