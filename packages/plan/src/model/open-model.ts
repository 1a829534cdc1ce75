import { readdir } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { type Checkpoint, type OpenCheckpointOptions, openCheckpoint } from "@revocab/checkpoint";
import { RevocabError, type TokenId, type Vocabulary } from "@revocab/core";
import { parseJson } from "@revocab/files";
import { namingFile } from "@revocab/files/internal";
import { isTokenizerFile, loadTokenizer, type Tokenizer } from "@revocab/vocabulary";
import { quoteToken } from "@revocab/vocabulary/internal";
import { type HashOptions, hashFiles } from "./hash-files.ts";

/** A model folder opened for reading: its tensors and its tokenizer, checked against each other. */
export interface OpenModel {
  readonly checkpoint: Checkpoint;
  readonly tokenizer: Tokenizer;
  /** The tokenizer without the tokens that have no row: the model is run with it, and new rows are sums of its tokens' rows. */
  readonly readable: Tokenizer;
  readonly name: string;
  readonly revision: string | null;
  /** The options by which the tensors were found, to find them again in the written model. */
  readonly tensorOptions: OpenCheckpointOptions;
  /** sha256 in hex by name of the files that a swap depends on: weights, configs, tokenizer. */
  hashes(options?: HashOptions): Promise<Readonly<Record<string, string>>>;
  /** Keeps the files open, even if the model is closed, until the returned function is called. */
  retain(): () => Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a model folder with its tokenizer.
 *
 * @throws RevocabError `shape_mismatch` when a token has no row and was not added at the tokenizer's end
 */
export async function openModel(
  directory: string,
  { vocabularyTensors = {}, ignoreTensors = [], weights }: OpenCheckpointOptions = {},
): Promise<OpenModel> {
  const tensorOptions = { vocabularyTensors, ignoreTensors };
  const checkpoint = await openCheckpoint(directory, { ...tensorOptions, weights });
  try {
    await rememberTokenizer(checkpoint);
    const tokenizer = await namingFile(directory, "bad_tokenizer", () => loadTokenizer(directory));
    const readable = readableTokenizer(tokenizer, checkpoint.rows, directory);
    const hashed = await hashedNames(checkpoint, tokenizer);
    const { retain, release } = counted(() => checkpoint.close());
    return {
      checkpoint,
      tokenizer,
      readable,
      ...nameOf(directory),
      tensorOptions,
      hashes: (options) => hashFiles(directory, hashed, options),
      retain,
      close: release,
    };
  } catch (error) {
    await checkpoint.close();
    throw error;
  }
}

/** Counts users: the last release closes. A user that releases twice counts once. */
function counted(close: () => Promise<void>): {
  readonly retain: () => () => Promise<void>;
  readonly release: () => Promise<void>;
} {
  let users = 0;
  const retain = () => {
    users++;
    let isReleased = false;
    return async () => {
      if (isReleased) return;
      isReleased = true;
      if (--users === 0) await close();
    };
  };
  return { retain, release: retain() };
}

/** Opens each tokenizer file once before it is read, so that changes are seen, and links out of the folder are refused. */
async function rememberTokenizer({ folder }: Checkpoint): Promise<void> {
  const names = (await readdir(folder.path)).filter(isTokenizerFile).sort();
  for (const name of names) await (await folder.open(name)).close();
}

async function hashedNames({ folder, files }: Checkpoint, tokenizer: Tokenizer): Promise<string[]> {
  const names = [...files.map(({ name }) => name), "config.json", ...tokenizer.files.keys()];
  const areThere = await Promise.all(names.map((name) => folder.has(name)));
  return names.filter((_, i) => areThere[i]);
}

/** Whether a file holds weights, or their index, by its name: in any format, also one that is not read. */
export function isWeightFile(name: string): boolean {
  return /\.(safetensors|safetensors\.index\.json|bin|pt|pth|ckpt|h5|msgpack|gguf)$/.test(name);
}

/**
 * The name of a folder, without its path. A snapshot of the Hugging Face cache (`models--ORG--NAME/snapshots/COMMIT`) has the
 * name of its repository and the commit as its revision.
 */
export function nameOf(path: string): { name: string; revision: string | null } {
  const full = resolve(path);
  const commit = /^[0-9a-f]{40}$/.test(basename(full)) ? basename(full) : undefined;
  const repository = /^models--(.+)$/.exec(basename(dirname(dirname(full))))?.[1];
  if (commit && repository && basename(dirname(full)) === "snapshots") {
    return { name: repository.replace("--", "/"), revision: commit };
  }
  return { name: basename(full), revision: null };
}

/**
 * The tokenizer without the tokens that the model has no row for. These were added to the tokenizer without resizing the
 * model. A text with one of them is refused.
 *
 * @throws RevocabError `shape_mismatch` where a token has no row and was not added at the end
 */
export function readableTokenizer(tokenizer: Tokenizer, rows: number, directory: string): Tokenizer {
  const { vocabulary } = tokenizer;
  const surplus = tokensWithoutRow(tokenizer, rows);
  if (vocabulary.size <= rows) return tokenizer;
  const own = idsOfModel(tokenizer);
  const foreign = surplus.find((id) => own.has(id));
  if (foreign !== undefined) {
    throw new RevocabError(
      "shape_mismatch",
      `the embeddings of ${directory} have ${rows} rows but its tokenizer has ids up to ${vocabulary.size - 1}, ` +
        `and ${foreign} ${quoteToken(vocabulary, foreign)} is no token that was added to it`,
      {
        hint: "the tokenizer belongs to another model: put the model's own tokenizer.json into the folder",
      },
    );
  }
  const without = (hidden: ReadonlySet<TokenId>) =>
    cutTo(rows, tokenizer.vocabularyWithout(new Set([...hidden, ...surplus])));
  return {
    ...tokenizer,
    vocabulary: without(new Set()),
    vocabularyWithout: without,
    specialTokens: tokenizer.specialTokens.filter(({ id }) => id < rows),
    async encode(text) {
      const ids = await tokenizer.encode(text);
      const beyond = ids.find((id) => id >= rows);
      if (beyond === undefined) return ids;
      throw new RevocabError(
        "bad_text",
        `a text holds ${quoteToken(vocabulary, beyond)}, a token that was added to the tokenizer of ${directory} ` +
          `with the id ${beyond}, but the model has ${rows} rows and none for it`,
        { hint: "`editVocabulary` gives it a row, with every other token that is added" },
      );
    },
  };
}

/** Ids of the tokens that a tokenizer has beyond the rows of a model. */
export function tokensWithoutRow({ vocabulary }: Tokenizer, rows: number): readonly TokenId[] {
  return Array.from({ length: Math.max(vocabulary.size - rows, 0) }, (_, i) => rows + i).filter(
    (id) => vocabulary.kindOf(id) !== "unused",
  );
}

/** Ids of the tokenizer's own pieces, which are trained with the model. All other tokens were added by one of its files. */
function idsOfModel({ files, origin }: Tokenizer): ReadonlySet<TokenId> {
  const text = new TextDecoder().decode(files.get("tokenizer.json"));
  const { model, added_tokens = [] } = parseJson(text || "{}", { origin, code: "bad_tokenizer" }) as {
    readonly model?: { readonly vocab?: Readonly<Record<string, TokenId>> | readonly unknown[] };
    readonly added_tokens?: readonly { readonly id: TokenId }[];
  };
  const vocab = model?.vocab ?? {};
  const ids = new Set(Array.isArray(vocab) ? vocab.keys() : Object.values(vocab as Record<string, TokenId>));
  for (const { id } of added_tokens) ids.delete(id);
  return ids;
}

function cutTo(size: number, vocabulary: Vocabulary): Vocabulary {
  return { ...vocabulary, size };
}
