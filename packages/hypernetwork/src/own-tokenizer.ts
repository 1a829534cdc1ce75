import { RevocabError, showText } from "@revocab/core";
import { convertToByteLevel, loadTokenizer, type Tokenizer } from "@revocab/vocabulary";
import type { NetworkConfig } from "./network-config.ts";

/**
 * The byte-level tokenizer a hypernetwork was trained with. Where the folder has that of the source model, it lacks the
 * ids that the network has rows of its own for: they come of the conversion, which changes nothing that was converted.
 * @throws RevocabError `missing_file`, `bad_tokenizer`, `unsupported_tokenizer`, `shape_mismatch`
 */
export async function ownTokenizer(directory: string, config: NetworkConfig): Promise<Tokenizer> {
  const { sourceRows, extraRows } = config;
  let tokenizer = await loadTokenizer(directory, { reading: "file" });
  if (extraRows > 0 && tokenizer.vocabulary.size <= sourceRows) {
    tokenizer = convertToByteLevel(tokenizer, { mode: "reference" }).tokenizer;
  }
  checkIds(tokenizer, config, directory);
  return tokenizer;
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
    `the tokenizer in ${showText(directory)} has ids up to ${vocabulary.size - 1}; the hypernetwork has rows for ${rows} (original_vocab_size + hn_n_extra_tokens)`,
    { hint: "tokenizer.json must be the one that was saved with the hypernetwork" },
  );
}
