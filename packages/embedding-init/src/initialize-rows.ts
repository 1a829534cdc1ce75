import {
  type InitMethod,
  type Job,
  type Matrix,
  RevocabError,
  type Role,
  type SourceModel,
  type StoredMatrix,
  type TablePlan,
} from "@revocab/core";
import { storeMatrix } from "@revocab/matrix";
import { initContext, type TextReader } from "./context.ts";
import { planTable, rowsOfPlan } from "./plan-table.ts";

export interface InitializeRowsOptions {
  readonly source: TextReader & {
    /** E [V_s × d] of one role; padding rows below the vocabulary's are allowed. */
    readonly embeddings: Matrix | StoredMatrix;
    /** For methods that run the model. */
    readonly model?: () => Promise<SourceModel>;
  };
  readonly target: TextReader;
  readonly method: InitMethod;
  /** Target ids. @default all of them */
  readonly tokens?: Uint32Array;
  /** @default "input" */
  readonly role?: Role;
  /** The rows are a head bias, [V_s × 1]. @default false */
  readonly isBias?: boolean;
  /** @default 0 */
  readonly seed?: number;
  /** The model's `initializer_range`, for `random`. @default 0.02 */
  readonly initializerRange?: number;
  readonly job?: Job;
}

/**
 * The rows of target tokens, computed from the embeddings of a source model → [tokens × d], as values of the number
 * format the embeddings are stored in.
 * @throws RevocabError no_evidence when the method leaves a row empty; shape_mismatch; bad_options; aborted
 */
export async function initializeRows({
  source: { embeddings, ...source },
  target,
  method,
  tokens,
  role = "input",
  isBias = false,
  seed = 0,
  initializerRange = 0.02,
  job,
}: InitializeRowsOptions): Promise<Matrix> {
  const matrix = "data" in embeddings ? storeMatrix(embeddings) : embeddings;
  const table = { slot: role, role, isBias, matrix };
  const context = initContext({
    source: { ...source, tables: [table] },
    target,
    seed,
    initializerRange,
    job,
  });
  const plan = await planTable({ context, method, table, tokens });
  checkEvidence(plan, tokens);
  return rowsOfPlan(plan, matrix, job);
}

function checkEvidence({ origin, origins }: TablePlan, tokens: Uint32Array | undefined): void {
  const none = origins.indexOf("none");
  const empty = Array.from(origin.keys()).filter((row) => origin[row] === none);
  if (empty.length === 0) return;
  const examples = empty.slice(0, 5).map((row) => (tokens === undefined ? row : tokens[row]));
  throw new RevocabError(
    "no_evidence",
    `${origins.slice(0, -2).join(", ")} gave no row for ${empty.length} of ${origin.length} tokens: ${examples.join(", ")}` +
      (empty.length > examples.length ? " …" : ""),
    { hint: "add a fallback that always has a row: `withFallback(method, mean())`" },
  );
}
