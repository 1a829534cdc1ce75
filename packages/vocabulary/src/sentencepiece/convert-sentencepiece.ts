import { arrangePieces, type ModelReader } from "./arrange-pieces.ts";
import { convertBpe } from "./convert-bpe.ts";
import { convertNormalizer } from "./convert-normalizer.ts";
import { convertUnigram } from "./convert-unigram.ts";
import { checkModel, type ModelProto } from "./model-proto.ts";
import { readModelProto } from "./read-model-proto.ts";

interface ConvertedSentencePiece {
  readonly tokenizerJson: string;
  readonly tokenizerConfig: Record<string, unknown>;
  /** Where the result differs from SentencePiece because of the Rust library, in sentences. */
  readonly differences: readonly string[];
}

/**
 * Converts a SentencePiece `.model` to a tokenizer.json with which the Rust `tokenizers` library gives the ids of the
 * SentencePiece program.
 *
 * As in SentencePiece, the model runs over the whole text, without a pre-tokenizer, and nothing is added around it. Control
 * pieces and the unknown piece are special added tokens, so their strings in a text become their ids; SentencePiece would
 * spell the strings.
 *
 * @param options.reader the class of the reference library that will open it: the pieces get its ids, and the merges its order,
 *   which is by id. @default the ids of the program
 * @throws RevocabError `bad_tokenizer` for a truncated file, one that is no ModelProto, and one that SentencePiece refuses;
 *   `unsupported_tokenizer` for WORD and CHAR models, and for unused pieces that a tokenizer.json cannot express
 */
export function convertSentencePiece(
  model: Uint8Array,
  { reader }: { readonly reader?: ModelReader } = {},
): ConvertedSentencePiece {
  const read = readModelProto(model);
  const proto = reader === undefined ? read : { ...read, pieces: arrangePieces(read.pieces, reader) };
  checkModel(proto);
  const { normalizer, differences } = convertNormalizer(proto);
  const converted =
    proto.trainer.algorithm === "bpe"
      ? convertBpe(proto, reader === undefined ? "program" : "ids")
      : convertUnigram(proto);
  const tokenizer = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: addedTokens(proto),
    normalizer,
    pre_tokenizer: converted.preTokenizer,
    post_processor: null,
    decoder: decoder(proto),
    model: converted.model,
  };
  return {
    tokenizerJson: JSON.stringify(tokenizer),
    tokenizerConfig: { tokenizer_class: "PreTrainedTokenizerFast", ...roles(proto), ...NO_CLEAN_UP },
    differences: [
      "the strings of control pieces and of the unknown piece in a text become their ids",
      ...differences,
      ...converted.differences,
      ...(proto.denormalizer.charsmap.length > 0 ? ["decoding leaves out the model's denormalizer"] : []),
    ],
  };
}

/** The Python library would otherwise remove the spaces before punctuation from decoded text. */
const NO_CLEAN_UP = { clean_up_tokenization_spaces: false };

function addedTokens({ pieces }: ModelProto): object[] {
  return pieces.flatMap(({ text, type }, id) =>
    type === "control" || type === "unknown"
      ? [
          {
            id,
            content: text,
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
            special: true,
          },
        ]
      : [],
  );
}

/**
 * SentencePiece finds bos, eos and pad by their strings, among control pieces only, and not by the ids of the trainer.
 */
function roles({ pieces, trainer }: ModelProto): Record<string, string> {
  const isControl = (string: string) =>
    pieces.some(({ text, type }) => type === "control" && text === string);
  const named = { bos_token: trainer.bosPiece, eos_token: trainer.eosPiece, pad_token: trainer.padPiece };
  const unknown = pieces.find(({ type }) => type === "unknown")!;
  return {
    ...Object.fromEntries(Object.entries(named).filter(([, string]) => isControl(string))),
    unk_token: unknown.text,
  };
}

/** The dummy prefix is removed only if it was written as ▁: SentencePiece keeps a plain space. */
function decoder({ normalizer, trainer }: ModelProto): object {
  const hasPrefix =
    normalizer.escapeWhitespaces && (normalizer.addDummyPrefix || normalizer.removeExtraWhitespaces);
  return {
    type: "Sequence",
    decoders: [
      { type: "Replace", pattern: { String: "▁" }, content: " " },
      ...(trainer.byteFallback ? [{ type: "ByteFallback" }] : []),
      { type: "Fuse" },
      ...(hasPrefix ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
    ],
  };
}
