import { readingFile } from "@revocab/files";
import type { WordVectors } from "../word-vectors.ts";
import { readFastText } from "./read-fasttext.ts";
import { readTextVectors } from "./read-text-vectors.ts";
import type { ReadVectorsOptions } from "./read-vectors-options.ts";
import { readWord2VecBinary } from "./read-word2vec-binary.ts";
import { type VectorFormat, vectorFormat } from "./vector-format.ts";

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
  return readingFile(path, "bad_vectors", async () =>
    READERS[await vectorFormat(path, options.abortSignal)](path, options),
  );
}
