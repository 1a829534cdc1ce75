import type {
  EmbeddingTable,
  InitMethod,
  Job,
  Mixture,
  StoredMatrix,
  TablePlan,
  Vocabulary,
} from "@revocab/core";
import { initContext, planTable } from "@revocab/embedding-init";
import { MixtureBuilder, mixtureRow, readRows, storedMixtureRows } from "@revocab/matrix";
import { labelOfRow, type OpenModel, type PlanSource, type SwapPlan } from "@revocab/plan";
import type { Tokenizer } from "@revocab/vocabulary";
import { sampleOf } from "./row-map.ts";

/** What each row of a table is made of. */
export interface RowOrigins {
  /** What initialized rows: methods, as a plan names them. */
  readonly names: readonly string[];
  /** [rows] places in `names`. */
  readonly of: Uint8Array;
  /** [rows × (source rows + basis rows)] of each row the 8 heaviest terms, the heaviest first; none for a row that is no sum. */
  readonly mixture: Mixture;
  /** What the source rows stand for. */
  readonly source: Vocabulary;
}

/** The sums of a plan's input table. */
export function originsOfPlan(plan: SwapPlan, source: OpenModel | undefined): RowOrigins | undefined {
  const input = plan.tables.find(({ slot }) => slot === "input");
  return input && originsOf(input, source?.tokenizer.vocabulary ?? labelVocabulary(plan.source));
}

function originsOf({ mixture, origin, origins }: TablePlan, source: Vocabulary): RowOrigins {
  const heaviest = new MixtureBuilder();
  for (const row of origin.keys()) {
    const { sources, weights } = mixtureRow(mixture, row);
    const order = [...sources.keys()]
      .sort((a, b) => Math.abs(weights[b]) - Math.abs(weights[a]) || a - b)
      .slice(0, MOST_TERMS);
    heaviest.addRow(
      order.map((i) => sources[i]),
      order.map((i) => weights[i]),
    );
  }
  return { names: origins, of: origin, mixture: heaviest.build(), source };
}

const MOST_TERMS = 8;

/** Source rows by their labels, as a plan has no vocabulary of them: each is shown as a special token is, by its string. */
function labelVocabulary(source: PlanSource): Vocabulary {
  const encoder = new TextEncoder();
  return {
    size: source.rows,
    kindOf: () => "special",
    rolesOf: () => [],
    idOfRole: () => undefined,
    bytesOf: (id) => encoder.encode(labelOfRow(source, id)),
    tokenOf: (id) => labelOfRow(source, id),
    idsOf: () => [],
    idOfSpecial: () => undefined,
    spell: () => undefined,
  };
}

export interface PlannedAgainOptions {
  readonly source: OpenModel;
  readonly target: Tokenizer;
  /** The written table. */
  readonly written: EmbeddingTable;
  readonly method: InitMethod;
  readonly seed: number;
  readonly job?: Job;
}

/**
 * The sums of a written table, planned again by the method of its recipe. Undefined where rows that are planned so are not the written ones, bit for
 * bit: they were trained, edited, or made from more than the recipe says.
 */
export async function originsPlannedAgain({
  source: { checkpoint, readable, tokenizer },
  target,
  written,
  method,
  seed,
  job,
}: PlannedAgainOptions): Promise<RowOrigins | undefined> {
  const table = checkpoint.tables.find(({ slot }) => slot === written.slot);
  if (table === undefined) return undefined;
  const context = initContext({
    source: {
      vocabulary: readable.vocabulary,
      tables: checkpoint.tables,
      ...(checkpoint.rotary && { rotary: checkpoint.rotary }),
    },
    target,
    seed,
    initializerRange: checkpoint.initializerRange,
    job,
  });
  const planned = { ...table, role: written.role };
  const plan = await planTable({
    context: { ...context, source: { ...context.source, tables: [planned] } },
    method,
    table: planned,
    rows: written.matrix.rows,
  });
  const isSame = await isWritten(plan, table.matrix, written.matrix, job);
  return isSame ? originsOf(plan, tokenizer.vocabulary) : undefined;
}

/** Whether a sample of the sums gives the rows that were written. */
async function isWritten(
  { mixture, basis }: TablePlan,
  source: StoredMatrix,
  written: StoredMatrix,
  job: Job | undefined,
): Promise<boolean> {
  const sums = Array.from({ length: written.rows }, (_, row) => row).filter(
    (row) => mixture.offsets[row + 1] > mixture.offsets[row],
  );
  const sample = sampleOf(sums, COMPARED, 0);
  if (sample.length === 0) return false;
  const chosen = new MixtureBuilder();
  for (const row of sample) {
    const { sources, weights } = mixtureRow(mixture, row);
    chosen.addRow(sources, weights);
  }
  const made = await storedMixtureRows({
    mixture: chosen.build(),
    source,
    ...(basis.rows > 0 && { basis }),
    job,
  });
  const all = Uint32Array.from(sample.keys());
  const [found, expected] = [await readRows(made, all, job), await readRows(written, sample, job)];
  return found.data.every((value, i) => value === expected.data[i]);
}

const COMPARED = 500;
