import { join } from "node:path";
import { readJsonObject } from "@revocab/checkpoint";
import type { Matrix, StoredMatrix } from "@revocab/core";
import { InputFolder } from "@revocab/files";
import { loadOnnxRuntime, type OnnxSession, openSession } from "@revocab/onnx";
import { openWeights } from "@revocab/transformer-runtime";
import type { Tokenizer } from "@revocab/vocabulary";
import { buildNetwork, positionsOf } from "./build-network.ts";
import { type NetworkConfig, parseNetworkConfig } from "./network-config.ts";
import { networkFeeds } from "./network-feeds.ts";
import { networkFiles } from "./network-files.ts";
import { ownTokenizer } from "./own-tokenizer.ts";
import { PORTS } from "./ports.ts";
import type { SurfaceForms } from "./surface-forms.ts";
import { tableRows } from "./table-rows.ts";

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
  /** Frees the weights; a further run loads them again. */
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
