import { join, resolve } from "node:path";
import { RevocabError, type RotaryHeads } from "@revocab/core";
import { InputFolder } from "@revocab/files";
import { namingFile } from "@revocab/files/internal";
import { positionsFollowPad } from "./check-pad-positions.ts";
import { readConfigFacts } from "./config-facts.ts";
import { FilePool, type FileSource, localFiles } from "./file-source.ts";
import { type CheckpointTable, findTables } from "./find-tables.ts";
import { type JsonObject, readJsonObject } from "./json.ts";
import type { SafetensorsFile } from "./safetensors-header.ts";
import { readWeightFiles } from "./weight-files.ts";

/** A model folder whose headers have been read; its tables are read from the files when they are needed. */
export interface Checkpoint {
  readonly directory: string;
  /** Remembers what was read, and tells when it changed. */
  readonly folder: InputFolder;
  readonly config: JsonObject;
  /** config.json as it is written, see `editJson`; empty for a table that is saved without one. */
  readonly configText: string;
  readonly modelType: string;
  /** The weight files, their headers checked. */
  readonly files: readonly SafetensorsFile[];
  /** The index of a sharded model. */
  readonly index: JsonObject | undefined;
  /** V_s as stored, padding included. */
  readonly rows: number;
  /** True when the head is the input table; then there is no table `output`. */
  readonly tied: boolean;
  readonly tables: readonly CheckpointTable[];
  /** The head's tensor when a tied model is untied; undefined for an untied model and for one without a head. */
  readonly headName: string | undefined;
  /** Copies of tables (a bias of two names, encoder and decoder tables) that untying has to store. */
  readonly omittedCopies: readonly { readonly slot: string; readonly name: string }[];
  /** Tensors that hold a copy of a tied head. */
  readonly headTensors: readonly string[];
  /** Why this architecture cannot be untied by adding a head. */
  readonly untieForbidden: string | undefined;
  /** Positions depend on the pad id (RoBERTa, XGLM): it must stay. */
  readonly positionsFollowPad: boolean;
  readonly initializerRange: number;
  /** How positions turn, see {@link RotaryHeads}; undefined where the config does not say. */
  readonly rotary: RotaryHeads | undefined;
  /** Closes the files that reading tables has opened. */
  close(): Promise<void>;
}

export interface OpenCheckpointOptions {
  /**
   * Slots of tensors that the architecture data does not know, by their names: `input`, `output`, `output.bias`, or one of
   * these with a name behind it where a model has several (`input.encoder`, `output.draft.bias`).
   */
  readonly vocabularyTensors?: Readonly<Record<string, string>>;
  /** Tensors that have a dimension of the vocabulary's size by coincidence. */
  readonly ignoreTensors?: readonly string[];
  /** Where the weight files are read from; config.json is always read from the folder. @default the folder too */
  readonly weights?: FileSource;
}

/**
 * Opens a model folder (config.json and safetensors, one file or sharded): reads headers, finds every tensor with a
 * vocabulary dimension, and checks that config and tensors agree.
 * @throws RevocabError `missing_file`, `bad_config`, `bad_safetensors`, `unsupported_checkpoint`, `unsupported_dtype`,
 * `unknown_tensor`, `bad_options`.
 */
export async function openCheckpoint(
  directory: string,
  { vocabularyTensors = {}, ignoreTensors = [], weights = localFiles }: OpenCheckpointOptions = {},
): Promise<Checkpoint> {
  const folder = new InputFolder(directory);
  const { files, index } = await namingFile(directory, "bad_safetensors", () =>
    readWeightFiles(directory, weights, folder),
  );
  const path = join(directory, "config.json");
  const { json: config, text: configText } = await readConfig(folder, files);
  const facts = await namingFile(path, "bad_config", () => readConfigFacts(config, path));
  const pool = new FilePool(weights);
  try {
    const found = await namingFile(directory, "bad_safetensors", () =>
      findTables({ directory, files, facts, pool, vocabularyTensors, ignoreTensors }),
    );
    return {
      directory: resolve(directory),
      folder,
      config,
      configText,
      modelType: facts.modelType,
      files,
      index,
      rows: found.tables.find((table) => table.slot === "input")!.matrix.rows,
      tied: found.tied,
      tables: found.tables,
      headName: found.headName,
      omittedCopies: found.omittedCopies,
      headTensors: found.headTensors,
      untieForbidden: facts.architecture.untieForbidden,
      positionsFollowPad: positionsFollowPad(facts.modelType, config),
      initializerRange: facts.initializerRange,
      rotary: facts.rotary,
      close: () => pool.close(),
    };
  } catch (error) {
    await pool.close();
    throw error;
  }
}

async function readConfig(
  folder: InputFolder,
  files: readonly SafetensorsFile[],
): ReturnType<typeof readJsonObject> {
  try {
    return await readJsonObject(
      folder,
      "config.json",
      "bad_config",
      "give the folder of a transformers model",
    );
  } catch (error) {
    // a StaticEmbedding of sentence-transformers is saved without a config: one table and its tokenizer
    const names = files.flatMap(({ tensors }) => tensors.map(({ name }) => name));
    if (!(error instanceof RevocabError) || error.code !== "missing_file") throw error;
    if (names.join() !== "embedding.weight") throw error;
    return { json: { model_type: "model2vec" }, text: "" };
  }
}
