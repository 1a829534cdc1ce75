import { RevocabError, SPECIAL_ROLES, showText, type TokenId, type Vocabulary } from "@revocab/core";
import type { ModelTables, OpenTransformer } from "@revocab/transformer-runtime";
import { displayToken, type FrameTokens, frameTokens, type Tokenizer } from "@revocab/vocabulary";

/**
 * Tables with the source that the encoder of an encoder–decoder model reads, as AutoTokenizer encodes it; the same tables for a model
 * without an encoder.
 * @param text @default "", a source without text
 * @throws RevocabError `bad_options` for a source where there is no encoder; `unsupported_tokenizer`
 */
export async function withSource(
  tables: ModelTables,
  { description, checkpoint }: OpenTransformer,
  tokenizer: Pick<Tokenizer, "encode" | "frame" | "origin">,
  text: string | undefined,
): Promise<ModelTables> {
  if (description.encoder === undefined) {
    if (text === undefined) return tables;
    throw new RevocabError(
      "bad_options",
      `\`source\` was given, but ${checkpoint.directory} (${checkpoint.modelType}) has no encoder to read it`,
      { hint: "leave `source` out; an encoder–decoder model such as T5 or BART has one" },
    );
  }
  const { before, after } = framing(tokenizer);
  const pieces = await tokenizer.encode(text ?? "");
  return { ...tables, source: Uint32Array.from([...before, ...pieces, ...after]) };
}

/**
 * What the decoder of an encoder–decoder model begins every text with, in another vocabulary: the token of the same role, or the
 * special token written the same. So a swap writes it into the config.
 * @returns undefined for a model without an encoder
 * @throws RevocabError `token_id_unmapped`
 */
export function startTokensIn(
  target: Vocabulary,
  { description }: OpenTransformer,
  source: Vocabulary,
): readonly TokenId[] | undefined {
  return description.encoder?.startTokens.map((id) => {
    const role = SPECIAL_ROLES.find(
      (each) => source.rolesOf(id).includes(each) && target.idOfRole(each) !== undefined,
    );
    const found = role === undefined ? target.idOfSpecial(source.tokenOf(id)) : target.idOfRole(role);
    if (found !== undefined) return found;
    const name = showText(displayToken(source, id));
    throw new RevocabError(
      "token_id_unmapped",
      `the model's decoder begins every text with ${name}, which the target tokenizer has no counterpart of`,
      { hint: `add it with \`specials: ${name}\`` },
    );
  });
}

/**
 * The special tokens around a text.
 * @throws RevocabError `unsupported_tokenizer`
 */
export function framing({ frame, origin }: Pick<Tokenizer, "frame" | "origin">): FrameTokens {
  if (frame !== undefined) return frameTokens(frame);
  throw new RevocabError(
    "unsupported_tokenizer",
    `${origin} has a post-processor that is not understood, so it is not known which tokens a text begins and ends with`,
    { hint: "expected TemplateProcessing, BertProcessing or RobertaProcessing, with ByteLevel beside them" },
  );
}
