import { join } from "node:path";
import { readJsonObject, readWeightFiles, type WeightFiles } from "@revocab/checkpoint";
import { type Matrix, RevocabError, type StoredMatrix } from "@revocab/core";
import { loadOnnxRuntime, type OnnxSession, openSession } from "@revocab/onnx";
import { openWeights, type Weights } from "@revocab/transformer-runtime";
import { convertToByteLevel, loadTokenizer, type Tokenizer } from "@revocab/vocabulary";
import { buildNetwork, positionsOf } from "./build-network.ts";
import { type NetworkConfig, parseNetworkConfig } from "./network-config.ts";
import { networkFeeds } from "./network-feeds.ts";
import { PORTS } from "./ports.ts";
import type { SurfaceForms } from "./surface-forms.ts";

/** The tables of the source model that a hypernetwork reads rows of. */
export interface SourceTables {
  /** [V_s × d] */
  readonly input: StoredMatrix;
  /** [V_s × d], where the network was trained for an untied model. */
  readonly output?: StoredMatrix;
}

/** What a hypernetwork predicts for n surface forms. */
export interface PredictedRows {
  /** [n × d] */
  readonly input: Matrix;
  /** [n × d], from a network for untied models. */
  readonly output?: Matrix;
  /** [n × 1], from a network that predicts it. */
  readonly bias?: Matrix;
}

/** A hypernetwork, ready to run. */
export interface Hypernetwork {
  readonly directory: string;
  readonly config: NetworkConfig;
  /** Names of the weight files. */
  readonly files: readonly string[];
  /** How tokens are spelled for it. */
  readonly tokenizer: Tokenizer;
  /** Forms of this length that run at once without holding more than a few hundred megabytes. */
  rowsAtOnce(length: number): number;
  /**
   * Runs forms of one length.
   * @param rows the places of the forms in `forms`
   * @param language the row of the language, for a network that asks for one
   */
  run(
    forms: SurfaceForms,
    rows: Uint32Array,
    source: SourceTables,
    language?: number,
  ): Promise<PredictedRows>;
  close(): Promise<void>;
}

export interface OpenHypernetworkOptions {
  /** @default all cores */
  readonly threads?: number;
}

/**
 * Opens the folder of a ZeTT hypernetwork: config.json, safetensors (one file or shards), and the tokenizer it spells
 * with. No code of the folder is run. The weights are loaded at the first run.
 * @see https://arxiv.org/abs/2405.07883
 * @throws RevocabError `unsupported_architecture`, `bad_config`, `missing_file`, `bad_safetensors`, `unsupported_checkpoint`,
 *   `shape_mismatch`, `unsupported_dtype`, `bad_tokenizer`, `missing_dependency`
 */
export async function openHypernetwork(
  directory: string,
  { threads }: OpenHypernetworkOptions = {},
): Promise<Hypernetwork> {
  const path = join(directory, "config.json");
  const { json } = await readJsonObject(path, "bad_config", "give the folder of a hypernetwork");
  const config = parseNetworkConfig(json, path);
  const files = await weightFiles(directory);
  const tokenizer = await loadOwnTokenizer(directory, config);
  checkIds(tokenizer, config, directory);
  const runtime = await loadOnnxRuntime();
  const weights = await openWeights(files.files);
  const tableRows = tableRowsOf(files, weights, config);
  const graph = buildNetwork(config, weights, tableRows);
  let session: Promise<OnnxSession> | undefined;
  return {
    directory,
    config,
    files: files.files.map(({ name }) => name),
    tokenizer,
    rowsAtOnce: (length) => rowsAtOnce(config, length),
    async run(forms, rows, source, language) {
      const feeds = await networkFeeds(runtime, config, forms, rows, source, language);
      session ??= openSession(graph, {
        directory: weights.directory,
        ...(threads !== undefined && { threads }),
      });
      const results = await (await session).run(feeds);
      const matrix = (port: string, columns: number): Matrix => ({
        rows: rows.length,
        columns,
        data: results[port].data as Float32Array,
      });
      return {
        input: matrix(PORTS.input, config.rowWidth),
        ...(config.hasHeadRows && { output: matrix(PORTS.output, config.rowWidth) }),
        ...(config.hasBias && { bias: matrix(PORTS.bias, 1) }),
      };
    },
    async close() {
      const opened = session;
      session = undefined;
      await (await opened?.catch(() => undefined))?.release();
    },
  };
}

/** What a run may hold beside the weights, and the positions beyond which matrix products gain nothing. */
const RUN_BYTES = 256e6;
const RUN_POSITIONS = 4096;

function rowsAtOnce(config: NetworkConfig, length: number): number {
  const { width, innerWidth, sourceWidth, languages, readsAllPositions } = config;
  const positions = readsAllPositions ? positionsOf(config) : length + (languages === undefined ? 0 : 1);
  // hidden states, queries, keys, values and sums of a layer, its inner rows, and the source row that became it
  const bytes = (8 * width + 3 * innerWidth + sourceWidth) * 4;
  return Math.max(1, Math.floor(Math.min(RUN_BYTES / bytes, RUN_POSITIONS) / positions));
}

async function weightFiles(directory: string): Promise<WeightFiles> {
  return readWeightFiles(directory).catch((cause: unknown) => {
    if (!(cause instanceof RevocabError) || cause.code !== "unsupported_checkpoint") throw cause;
    throw new RevocabError("unsupported_checkpoint", cause.message, {
      hint:
        "convert it where you trust its code: .bin by AutoModel.from_pretrained(FOLDER, trust_remote_code=True)" +
        ".save_pretrained(OUT, safe_serialization=True) in Python, flax_model.msgpack by scripts/convert_to_pt.py " +
        "of the zett repository; then copy the tokenizer files",
      cause,
    });
  });
}

/**
 * The byte-level tokenizer a hypernetwork was trained with. Where the folder has that of the source model, it lacks the
 * ids that the network has rows of its own for: they come of the conversion, which changes nothing that was converted.
 */
async function loadOwnTokenizer(
  directory: string,
  { sourceRows, extraRows }: NetworkConfig,
): Promise<Tokenizer> {
  const tokenizer = await loadTokenizer(directory);
  if (extraRows === 0 || tokenizer.vocabulary.size > sourceRows) return tokenizer;
  return convertToByteLevel(tokenizer, { mode: "reference" }).tokenizer;
}

/** Every id a spelling can have needs a row, of the source or of the network's own. */
function checkIds(
  { vocabulary }: Tokenizer,
  { sourceRows, extraRows }: NetworkConfig,
  directory: string,
): void {
  const rows = sourceRows + extraRows;
  if (vocabulary.size <= rows) return;
  throw new RevocabError(
    "shape_mismatch",
    `the tokenizer in ${directory} has ids up to ${vocabulary.size - 1}; the hypernetwork has rows for ${rows} (original_vocab_size + hn_n_extra_tokens)`,
    { hint: "tokenizer.json must be the one that was saved with the hypernetwork" },
  );
}

/** Tables of positions are as long as the encoder's config, which is not in the folder, had them. */
function tableRowsOf({ files }: WeightFiles, weights: Weights, config: NetworkConfig) {
  const rowsOf = (name: string, least: number) => {
    const tensor = `model.embeddings.${name}.weight`;
    const entry = files.flatMap(({ tensors }) => tensors).find((one) => one.name === tensor);
    const rows = entry?.shape[0] ?? least;
    if (rows >= least) return rows;
    throw new RevocabError(
      "shape_mismatch",
      `${weights.locationOf(tensor)} holds ${tensor} with ${rows} rows; by the config it has at least ${least}`,
      { hint: "config.json and the weights belong to different hypernetworks: download both again" },
    );
  };
  return {
    positions: rowsOf("position_embeddings", config.formLength),
    tokenTypes: rowsOf("token_type_embeddings", 1),
  };
}
