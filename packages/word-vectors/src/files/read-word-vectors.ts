import { RevocabError, showText } from "@revocab/core";
import { namingFile } from "@revocab/files/internal";
import type { WordVectors } from "../word-vectors.ts";
import { ByteReader } from "./byte-reader.ts";
import { FASTTEXT_MAGIC } from "./fasttext-model.ts";
import { readFastText } from "./read-fasttext.ts";
import { parseTextHeader, readTextVectors, splitVectorLine } from "./read-text-vectors.ts";
import type { ReadVectorsOptions } from "./read-vectors-options.ts";
import { readWord2VecBinary } from "./read-word2vec-binary.ts";

const READERS: Readonly<
  Record<VectorFormat, (path: string, options: ReadVectorsOptions) => Promise<WordVectors>>
> = {
  fasttext: readFastText,
  text: readTextVectors,
  word2vec: readWord2VecBinary,
};

/**
 * Reads word vectors of any known format: fastText's .bin, text (.vec, GloVe) or word2vec's binary. The content
 * decides, not the name.
 * @throws RevocabError `missing_file`, `bad_vectors`, `not_finite`, `bad_options`, `aborted`
 */
export async function readWordVectors(path: string, options: ReadVectorsOptions = {}): Promise<WordVectors> {
  return namingFile(path, "bad_vectors", async () =>
    READERS[await vectorFormat(path, options.job?.abortSignal)](path, options),
  );
}

type VectorFormat = "fasttext" | "text" | "word2vec";

const HEAD_BYTES = 1 << 16;
const NEW_LINE = 0x0a;

/** Beginnings of files that are mistaken for vectors, and what to do about each. */
const OTHER_FORMATS: readonly {
  readonly start: readonly number[];
  readonly name: string;
  readonly hint: string;
}[] = [
  { start: [0x1f, 0x8b], name: "compressed by gzip", hint: "unpack it first: gunzip FILE" },
  { start: [0x50, 0x4b, 0x03, 0x04], name: "a zip archive", hint: "unpack it first: unzip FILE" },
  { start: [0x42, 0x5a, 0x68], name: "compressed by bzip2", hint: "unpack it first: bunzip2 FILE" },
  { start: [0xfd, 0x37, 0x7a, 0x58, 0x5a], name: "compressed by xz", hint: "unpack it first: unxz FILE" },
  {
    start: [0x80],
    name: "a Python pickle",
    hint: "pickles can run code and are never opened; in gensim, save with save_facebook_model or save_word2vec_format",
  },
  {
    start: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59],
    name: "a NumPy array",
    hint: "it has no words; in gensim, save with save_facebook_model or save_word2vec_format",
  },
];

/**
 * Which format a file has, by its content alone.
 * @throws RevocabError `missing_file`; `bad_vectors` for a file that is known to be something else
 */
async function vectorFormat(path: string, abortSignal?: AbortSignal): Promise<VectorFormat> {
  const head = await readHead(path, abortSignal);
  refuseOthers(path, head);
  if (head.length >= 4 && new DataView(head.buffer, head.byteOffset).getInt32(0, true) === FASTTEXT_MAGIC) {
    return "fasttext";
  }
  const lineEnd = head.indexOf(NEW_LINE);
  const header = lineEnd < 0 ? undefined : parseTextHeader(head.subarray(0, lineEnd));
  if (header === undefined) {
    // The first fastText's files begin with their small d, little-endian: no text has the zeros of it.
    return head.subarray(0, 16).includes(0) ? "fasttext" : "text";
  }
  return isTextRow(head.subarray(lineEnd + 1), header.dimension) ? "text" : "word2vec";
}

async function readHead(path: string, abortSignal: AbortSignal | undefined): Promise<Uint8Array> {
  const reader = await ByteReader.open(path, abortSignal);
  try {
    if (reader.size === 0) {
      throw new RevocabError("bad_vectors", `${showText(path)} is empty`, {
        hint: "copy or download the file again",
      });
    }
    return (await reader.take(Math.min(reader.size, HEAD_BYTES), "its first bytes")).slice();
  } finally {
    await reader.close();
  }
}

function refuseOthers(path: string, head: Uint8Array): void {
  const other = OTHER_FORMATS.find(({ start }) => start.every((byte, i) => head[i] === byte));
  if (other === undefined) return;
  throw new RevocabError("bad_vectors", `${showText(path)} is ${other.name}`, { hint: other.hint });
}

/** The floats of a binary row hold bytes that no text has, control characters above all; 64 KiB of them always do. */
function isTextRow(head: Uint8Array, dimension: number): boolean {
  const lineEnd = head.indexOf(NEW_LINE);
  const isWhole = lineEnd >= 0 && dimension <= head.length;
  if (isWhole && "wordEnd" in splitVectorLine(head.subarray(0, lineEnd), new Float32Array(dimension)))
    return true;
  return !head.some((byte) => byte < 0x20 && byte !== 0x09 && byte !== NEW_LINE && byte !== 0x0d);
}
