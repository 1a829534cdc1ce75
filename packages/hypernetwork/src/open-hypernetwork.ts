import { join } from "node:path";
import { readWeightFiles, type SafetensorsFile, type WeightFiles } from "@revocab/checkpoint";
import { readJsonObject } from "@revocab/checkpoint/internal";
import { type Job, type Matrix, RevocabError, showText, threadsOf } from "@revocab/core";
import { InputFolder } from "@revocab/files";
import { loadOnnxRuntime, type OnnxSession, openSession } from "@revocab/onnx";
import { openWeights } from "@revocab/transformer-runtime/internal";
import { convertToByteLevel, loadTokenizer, type Tokenizer } from "@revocab/vocabulary";
import { buildNetwork, PORTS, positionsOf, type TableRows } from "./build-network.ts";
import { type NetworkConfig, parseNetworkConfig } from "./network-config.ts";
import { networkFeeds, type SourceTables } from "./network-feeds.ts";
import type { SurfaceForms } from "./surface-forms.ts";

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
   * @param language the row of the language, for a network that has languages
   */
  run(
    forms: SurfaceForms,
    rows: Uint32Array,
    source: SourceTables,
    language?: number,
  ): Promise<PredictedRows>;
  /** Frees the weights; a further run loads them again. */
  close(): Promise<void>;
}

/**
 * Opens the folder of a ZeTT hypernetwork: config.json, safetensors (one file or shards), and the tokenizer it spells
 * with. No code of the folder is run. The weights are loaded at the first run.
 * @see https://arxiv.org/abs/2405.07883
 * @throws RevocabError `unsupported_architecture`, `bad_config`, `missing_file`, `bad_safetensors`, `unsupported_checkpoint`,
 *   `shape_mismatch`, `unsupported_dtype`, `bad_tokenizer`, `missing_dependency`
 */
export async function openHypernetwork(directory: string, job?: Job): Promise<Hypernetwork> {
  const threads = threadsOf(job);
  const path = join(directory, "config.json");
  const folder = new InputFolder(directory);
  const { json } = await readJsonObject(
    folder,
    "config.json",
    "bad_config",
    "give the folder of a hypernetwork",
  );
  const config = parseNetworkConfig(json, path);
  const files = await networkFiles(directory);
  const tokenizer = await ownTokenizer(directory, config);
  const runtime = await loadOnnxRuntime();
  const weights = await openWeights(files.files);
  const graph = buildNetwork(config, weights, tableRows(files, config));
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
        threads,
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

/** Bytes that a run may take beside the weights; and positions in a run, beyond which products get no faster. */
const RUN_BYTES = 256e6;
const RUN_POSITIONS = 4096;

function rowsAtOnce(config: NetworkConfig, length: number): number {
  const { width, innerWidth, sourceWidth, languages, readsAllPositions } = config;
  const positions = readsAllPositions ? positionsOf(config) : length + (languages === undefined ? 0 : 1);
  // hidden states, queries, keys, values and sums of a layer, its inner rows, and the source row that became it
  const bytes = (8 * width + 3 * innerWidth + sourceWidth) * 4;
  return Math.max(1, Math.floor(Math.min(RUN_BYTES / bytes, RUN_POSITIONS) / positions));
}

/** The weight files of a hypernetwork; for formats that are not read, how to convert them. */
async function networkFiles(directory: string): Promise<WeightFiles> {
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
 * ids that the network has its own rows for. The conversion adds them; it leaves a converted tokenizer as it is.
 * @throws RevocabError `missing_file`, `bad_tokenizer`, `unsupported_tokenizer`, `shape_mismatch`
 */
async function ownTokenizer(directory: string, config: NetworkConfig): Promise<Tokenizer> {
  const { sourceRows, extraRows } = config;
  let tokenizer = await loadTokenizer(directory, { reading: "file" });
  if (extraRows > 0 && tokenizer.vocabulary.size <= sourceRows) {
    tokenizer = convertToByteLevel(tokenizer, { mode: "reference" }).tokenizer;
  }
  checkIds(tokenizer, config, directory);
  return tokenizer;
}

/** Every id of the tokenizer needs a row, of the source or of the network. */
function checkIds(
  { vocabulary }: Tokenizer,
  { sourceRows, extraRows }: NetworkConfig,
  directory: string,
): void {
  const rows = sourceRows + extraRows;
  if (vocabulary.size <= rows) return;
  throw new RevocabError(
    "shape_mismatch",
    `the tokenizer in ${showText(directory)} has ids up to ${vocabulary.size - 1}; the hypernetwork has rows for ${rows} (original_vocab_size + hn_n_extra_tokens)`,
    { hint: "tokenizer.json must be the one that was saved with the hypernetwork" },
  );
}

/**
 * The numbers of rows of the position tables. They follow from the encoder's config, which is not in the folder, so they are read
 * from the tensors.
 * @throws RevocabError `shape_mismatch` when they are shorter than a surface form
 */
function tableRows({ files }: WeightFiles, { formLength }: NetworkConfig): TableRows {
  const rowsOf = (name: string, least: number) => {
    const tensor = `model.embeddings.${name}.weight`;
    const isOf = ({ tensors }: SafetensorsFile) => tensors.find(({ name }) => name === tensor);
    const file = files.find(isOf);
    const rows = file && isOf(file)?.shape[0];
    // a tensor that is missing is an error when the graph takes it
    if (file === undefined || rows === undefined || rows >= least) return rows ?? least;
    throw new RevocabError(
      "shape_mismatch",
      `${file.path} holds ${tensor} with ${rows} rows; by the config it has at least ${least}`,
      { hint: "config.json and the weights belong to different hypernetworks: download both again" },
    );
  };
  return {
    positions: rowsOf("position_embeddings", formLength),
    tokenTypes: rowsOf("token_type_embeddings", 1),
  };
}
