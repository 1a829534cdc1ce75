import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { type OpenCheckpointOptions, openCheckpoint } from "@revocab/checkpoint";
import type { TokenKind } from "@revocab/core";
import { fingerprint, loadTokenizer, type Tokenizer } from "@revocab/vocabulary";
import { nameOf } from "./open-model.ts";

export interface Inspection {
  readonly name: string;
  readonly model: ModelInspection | null;
  readonly tokenizer: TokenizerInspection;
  /** What a user should know before swapping. */
  readonly surprises: readonly string[];
}

export interface ModelInspection {
  readonly modelType: string;
  readonly rows: number;
  readonly tied: boolean;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly tables: readonly {
    readonly slot: string;
    readonly tensors: readonly string[];
    readonly shape: readonly [number, number];
    readonly dtype: string;
  }[];
}

export interface TokenizerInspection {
  readonly family: string;
  readonly size: number;
  readonly fingerprint: string;
  readonly kinds: Readonly<Record<TokenKind, number>>;
  readonly specials: readonly {
    readonly id: number;
    readonly token: string;
    readonly roles: readonly string[];
  }[];
  /** Tokens that stand for the same bytes as a preferred one. */
  readonly duplicates: number;
  readonly hasChatTemplate: boolean;
}

/** Looks at a model folder (when it holds a config.json) or a tokenizer; reads headers and vocabularies only. */
export async function inspectPath(path: string, options: OpenCheckpointOptions = {}): Promise<Inspection> {
  const isModel = existsSync(join(path, "config.json")) && statSync(path).isDirectory();
  const surprises: string[] = [];
  let model: ModelInspection | null = null;
  if (isModel) {
    const checkpoint = await openCheckpoint(path, options);
    try {
      const { modelType, rows, tied, files, tables } = checkpoint;
      model = {
        modelType,
        rows,
        tied,
        files: files.map(({ name, bytes }) => ({ name, bytes })),
        tables: tables.map(({ slot, tensors, matrix }) => ({
          slot,
          tensors: tensors.map(({ entry }) => entry.name),
          shape: [matrix.rows, matrix.columns],
          dtype: matrix.dtype,
        })),
      };
      if (checkpoint.headTensors.length > 0) {
        surprises.push(
          `the head is tied, yet stored as well: ${checkpoint.headTensors.join(", ")}; the copies are rewritten alike`,
        );
      }
      if (checkpoint.positionsFollowPad) {
        surprises.push(
          "position embeddings are numbered from pad_token_id + 1: the pad id must stay the same",
        );
      }
    } finally {
      await checkpoint.close();
    }
  }
  const tokenizer = await loadTokenizer(path);
  surprises.push(...tokenizer.notes);
  const { size } = tokenizer.vocabulary;
  if (model && model.rows > size)
    surprises.push(`${model.rows - size} padding rows: the tokenizer ends at id ${size - 1}`);
  if (model && model.rows < size) {
    surprises.push(
      `the tokenizer has ids up to ${size - 1}, but the embeddings have ${model.rows} rows: they do not belong together`,
    );
  }
  return { name: nameOf(path).name, model, tokenizer: inspectTokenizer(tokenizer), surprises };
}

function inspectTokenizer({
  vocabulary,
  family,
  specialTokens,
  chatTemplate,
}: Tokenizer): TokenizerInspection {
  const kinds = { text: 0, byte: 0, special: 0, unused: 0 };
  let duplicates = 0;
  for (let id = 0; id < vocabulary.size; id++) {
    const kind = vocabulary.kindOf(id);
    kinds[kind]++;
    if ((kind === "text" || kind === "byte") && vocabulary.idsOf(vocabulary.bytesOf(id))[0] !== id)
      duplicates++;
  }
  return {
    family,
    size: vocabulary.size,
    fingerprint: fingerprint(vocabulary),
    kinds,
    specials: specialTokens,
    duplicates,
    hasChatTemplate: chatTemplate !== undefined,
  };
}
