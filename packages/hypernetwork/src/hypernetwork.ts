import { basename } from "node:path";
import {
  type EmbeddingTable,
  type InitContext,
  type Job,
  type PreparedRows,
  RevocabError,
  type RowMethod,
  type TokenId,
  throwIfAborted,
  type Vocabulary,
} from "@revocab/core";
import { type MethodEntry, methodEntry, numberOption } from "@revocab/embedding-init";
import { readMatrix } from "@revocab/matrix";
import { quoteToken } from "@revocab/vocabulary/internal";
import { z } from "zod";
import { languageIndex } from "./network-config.ts";
import type { SourceTables } from "./network-feeds.ts";
import { noteNetwork, noteNorms } from "./notes.ts";
import { type Hypernetwork, openHypernetwork } from "./open-hypernetwork.ts";
import { checkTables } from "./predict-rows.ts";
import { type PredictedPart, rowStore } from "./row-store.ts";
import { encodeSurfaceForms, type SurfaceForms } from "./surface-forms.ts";

export interface HypernetworkOptions {
  /** The folder of a ZeTT hypernetwork for the source model: config.json, safetensors, tokenizer.json. */
  readonly directory: string;
  /** One of the languages the hypernetwork was trained with, where it asks for one. */
  readonly language?: string;
  /** Surface forms that run at once. @default as many as a few hundred megabytes hold */
  readonly batch?: number;
}

/**
 * Each new token becomes the row that a hypernetwork, trained for the source model, predicts from how the token is
 * spelled in the model's own tokens.
 *
 * A token that both vocabularies have is predicted too, as in the paper. Departures: the target tokenizer stays as it is
 * (the reference rewrites it, see `convertToByteLevel`); a special has the row of the source special with its role, and one
 * the source does not know gets no row; forms run with others of their length alone, which changes only how sums are
 * rounded.
 * @see https://arxiv.org/abs/2405.07883
 * @throws RevocabError `bad_options`; when it prepares, what {@link openHypernetwork} throws, and `shape_mismatch` when the
 *   hypernetwork was trained for another model
 */
export function hypernetwork({ directory, language, batch }: HypernetworkOptions): RowMethod {
  if (batch !== undefined && !(Number.isInteger(batch) && batch >= 1)) {
    throw new RevocabError("bad_options", `batch is ${batch}, expected a whole number from 1`);
  }
  let opening: Promise<Hypernetwork> | undefined;
  const open = (job: Job | undefined) => {
    // a comparison prepares the method again for each test, but loads the weights once
    opening ??= openHypernetwork(directory, job);
    opening.catch(() => {
      opening = undefined;
    });
    return opening;
  };
  return {
    kind: "rows",
    name: "hypernetwork",
    paper: "https://arxiv.org/abs/2405.07883",
    // Input and head rows do differ where a network predicts both, but then a tied model is refused: there is no choice.
    differsByRole: false,
    changesShared: true,
    needs: ["runtime"],
    options: {
      hypernetwork: basename(directory),
      ...(language !== undefined && { language }),
      ...(batch !== undefined && { batch }),
    },
    async prepare(context) {
      throwIfAborted(context.job?.abortSignal);
      const network = await open(context.job);
      return prepareRows(context, network, languageIndex(network.config, language), batch);
    },
    async close() {
      await (await opening)?.close();
    },
  };
}

/** The method in the catalog: its name on the command line and in recipes is `hypernetwork`. */
export const hypernetworkEntry: MethodEntry = methodEntry("hypernetwork", {
  summary:
    "Each new token becomes the row that a hypernetwork, trained for the source model, predicts from the token's spelling.",
  paper: "https://arxiv.org/abs/2405.07883",
  evidence: "a ZeTT hypernetwork of the source model",
  options: z.object({
    hypernetwork: z.string().min(1).describe("its folder: config.json, safetensors, tokenizer.json"),
    language: z
      .string()
      .min(1)
      .optional()
      .describe("the language of the target, where the hypernetwork asks"),
    batch: numberOption(z.number().int().min(1).optional())
      .optional()
      .describe("tokens that are predicted at once; as many as 256 MB hold when not given"),
  }),
  create: ({ hypernetwork: directory, language, batch }) =>
    hypernetwork({
      directory,
      language,
      batch,
    }),
});

async function prepareRows(
  context: InitContext,
  network: Hypernetwork,
  language: number | undefined,
  batch: number | undefined,
): Promise<PreparedRows> {
  const { alignment, target, source, job } = context;
  const tables = sourceTables(context, network);
  checkTables(network, tables);
  const vocabulary = vocabularyOf(network, source.vocabulary);
  const forms = formsOfTarget(context, network, vocabulary);
  const partOf = partsOf(context, network);
  const run = { network, forms, source: tables, language };
  const store = rowStore({
    ...run,
    isShared: (token) => alignment.sourceOf[token] >= 0,
    rowsOf: (length) => batch ?? network.rowsAtOnce(length),
    dtypes: Object.fromEntries(source.tables.map((table) => [partOf(table), table.matrix.dtype])),
    job,
  });
  await noteNetwork(context, network, forms);
  await noteNorms(context, { ...run, rowsOf: (length) => network.rowsAtOnce(length) });

  const special = (token: TokenId, { role }: EmbeddingTable): TokenId =>
    (role === "output" ? alignment.headSourceOf?.get(token) : undefined) ?? alignment.sourceOf[token];
  const isSpecial = (token: TokenId) => target.vocabulary.kindOf(token) === "special";
  return {
    covers: (token, table) =>
      isSpecial(token)
        ? alignment.sourceOf[token] >= 0
        : forms.lengths[token] > 0 && partOf(table) !== undefined,
    async rows(tokens, table) {
      const { columns } = table.matrix;
      const data = new Float32Array(tokens.length * columns);
      const predicted = tokens.filter((token) => !isSpecial(token));
      const part = partOf(table);
      if (predicted.length > 0 && part !== undefined) await store.compute(predicted);
      for (const [i, token] of tokens.entries()) {
        const into = data.subarray(i * columns, (i + 1) * columns);
        if (isSpecial(token)) into.set((await readMatrix(table.matrix, special(token, table), 1)).data);
        else if (part !== undefined) store.read(part, token, into);
      }
      return { rows: tokens.length, columns, data };
    },
  };
}

/** Which of the network's results are rows of a table; none for tables that it predicts no rows of. */
function partsOf(
  { source: { tables } }: InitContext,
  { config: { hasHeadRows, hasBias } }: Hypernetwork,
): (table: EmbeddingTable) => PredictedPart | undefined {
  const input = tables.find(({ slot }) => slot === "input");
  return ({ slot, isBias, matrix }) => {
    if (slot === "output.bias" && isBias) return hasBias ? "bias" : undefined;
    if (slot === "output" && hasHeadRows) return "output";
    // the head of a model that is being untied begins with the rows of its input
    return matrix === input?.matrix ? "input" : undefined;
  };
}

/** @throws RevocabError `shape_mismatch` when the model is tied and the network is not, or the other way round */
function sourceTables(
  { source: { tables } }: InitContext,
  { config, directory }: Hypernetwork,
): SourceTables {
  const matrixOf = (wanted: string) => tables.find(({ slot }) => slot === wanted)?.matrix;
  const input = matrixOf("input");
  if (input === undefined) {
    throw new RevocabError(
      "shape_mismatch",
      "the model has no table of input rows, from which a hypernetwork predicts",
    );
  }
  const output = matrixOf("output");
  const hasOwnHead = output !== undefined && output !== input;
  if (config.hasHeadRows === hasOwnHead) return hasOwnHead ? { input, output } : { input };
  throw new RevocabError(
    "shape_mismatch",
    config.hasHeadRows
      ? `the hypernetwork ${basename(directory)} was trained for a model whose head has rows of its own (separate_out_embeddings), but this model's head is tied to its input`
      : `the hypernetwork ${basename(directory)} was trained for a model whose head is tied to its input, but this model's head has rows of its own`,
    { hint: "a hypernetwork fits one base model and its fine-tunes: use the one for this model" },
  );
}

/** A surface form for each text and byte token of the target, from its bytes. */
function formsOfTarget(
  { target: { vocabulary: target } }: InitContext,
  { config: { formLength, padId } }: Hypernetwork,
  vocabulary: Vocabulary,
): SurfaceForms {
  const tokens = Array.from({ length: target.size }, (_, id) => {
    const kind = target.kindOf(id);
    return kind === "text" || kind === "byte" ? target.bytesOf(id) : undefined;
  });
  return encodeSurfaceForms(tokens, { vocabulary, formLength, padId });
}

/** Published hypernetworks name a few byte tokens differently from their models; the tokens of another model mostly differ. */
const MOST_DIFFERENT = 0.05;

/**
 * The vocabulary a hypernetwork spells with, which has the ids of the source model. Tokens that a leave-out test removes from the
 * source are removed here too.
 * @throws RevocabError `shape_mismatch` for the tokens of another model
 */
export function vocabularyOf({ directory, config, tokenizer }: Hypernetwork, source: Vocabulary): Vocabulary {
  const own = tokenizer.vocabulary;
  const hidden = new Set<TokenId>();
  let compared = 0;
  const different: TokenId[] = [];
  for (let id = 0; id < Math.min(own.size, config.sourceRows, source.size); id++) {
    const isText = own.kindOf(id) === "text" || own.kindOf(id) === "byte";
    const kind = source.kindOf(id);
    if (kind === "unused") {
      if (isText) hidden.add(id);
    } else if (isText && kind !== "special") {
      compared++;
      if (!areEqual(own.bytesOf(id), source.bytesOf(id))) different.push(id);
    }
  }
  if (compared > 0 && different.length <= MOST_DIFFERENT * compared) {
    return hidden.size === 0 ? own : tokenizer.vocabularyWithout(hidden);
  }
  const [id] = different;
  throw new RevocabError(
    "shape_mismatch",
    `the tokens of the hypernetwork ${basename(directory)} are not those of this model: ${different.length} of ${compared} ids stand for other bytes` +
      (id === undefined ? "" : `, such as ${id}: ${quoteToken(own, id)} and ${quoteToken(source, id)}`),
    { hint: "a hypernetwork fits one base model and its fine-tunes: use the one for this model" },
  );
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
