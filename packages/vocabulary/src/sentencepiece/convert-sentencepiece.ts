import { arrangePieces, type ModelReader } from "./arrange-pieces.ts";
import { convertBpe } from "./convert-bpe.ts";
import { convertNormalizer } from "./convert-normalizer.ts";
import { convertUnigram } from "./convert-unigram.ts";
import { checkModel, type ModelProto } from "./model-proto.ts";
import { readModelProto } from "./read-model-proto.ts";

interface ConvertedSentencePiece {
  readonly tokenizerJson: string;
  readonly tokenizerConfig: Record<string, unknown>;
  /** Where the Rust library cannot do what SentencePiece does with this model, in sentences for people. */
  readonly differences: readonly string[];
}

/**
 * Writes a raw SentencePiece `.model` as a tokenizer.json that the Rust `tokenizers` library runs with the ids of the
 * SentencePiece program.
 *
 * There is no pre-tokenizer to speak of: SentencePiece runs its model over the whole text, and so does this. Nothing
 * is added around a text, as `spm_encode` adds nothing. Control pieces and the unknown piece are special added
 * tokens, so their strings in a text become their ids, which SentencePiece would spell out.
 *
 * @param options.reader the class of the reference library that is to open it: with its numbering of the pieces and its
 *   order of merges, which go by id. @default the ids of the program
 * @throws RevocabError `bad_tokenizer`: truncated or no ModelProto, and what SentencePiece itself refuses;
 *   `unsupported_tokenizer`: WORD and CHAR models, and unused pieces that only SentencePiece can step over
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

/** The Python library would otherwise take the spaces before punctuation out of decoded text. */
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
 * SentencePiece finds bos, eos and pad by their strings, among control pieces alone, and not by the ids that the
 * trainer was given.
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

/** The dummy prefix is dropped where it was written ▁; SentencePiece keeps a plain space there. */
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
