import { type Job, type LanguageModel, RevocabError, type TokenId, throwIfAborted } from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";
import { type BeginChoice, beginTokensOf } from "../encode-documents.ts";
import type { ModelShape } from "../text-scoring.ts";
import {
  type CoverState,
  coverTree,
  RECENT,
  type TokenPath,
  type TokenStream,
  textTokensOf,
  tokenStream,
} from "./cover-tree.ts";
import { readState, type StateReading } from "./read-state.ts";
import { type TokenOrder, tokenOrder } from "./token-order.ts";
import { type TokenSuccession, tokenSuccession } from "./token-succession.ts";

export interface ByteReadingOptions {
  /** A causal model whose ids are the tokenizer's. */
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  /** Whether a BOS stands before a text, as context. @default "auto": if the tokenizer adds one */
  readonly bos?: BeginChoice;
  readonly job?: Job;
}

/** A model and its tokenizer, prepared to read the bytes of texts. */
export interface ReadingContext {
  readonly begin: readonly TokenId[];
  readonly order: TokenOrder;
  readonly succession: TokenSuccession;
  /** @throws RevocabError `bad_text` when the bytes are no UTF-8, or their tokens stand for other bytes */
  streamOf(text: Uint8Array | string): Promise<TokenStream>;
  /** @throws RevocabError `bad_options` for a text without a token where there is no BOS either */
  open(stream: TokenStream): Promise<OpenText>;
  read(text: OpenText, state: CoverState, logProbabilities: Float32Array): Promise<StateReading>;
  /** Whether the text may end after `state`. */
  mayEndAfter(stream: TokenStream, state: TokenPath): Promise<boolean>;
}

export interface OpenText {
  readonly stream: TokenStream;
  readonly states: readonly CoverState[];
}

/** @throws RevocabError `bad_options` for a masked model, `shape_mismatch` for one with fewer rows than tokens */
export async function readingContext({
  model,
  tokenizer,
  bos = "auto",
  opening = [],
  job,
}: Omit<ByteReadingOptions, "model"> & {
  readonly model: ModelShape;
  /** Tokens between the BOS and the text, as context. @default none */
  readonly opening?: readonly TokenId[];
}): Promise<ReadingContext> {
  const { vocabulary, origin } = tokenizer;
  if (model.kind !== "causal") {
    throw new RevocabError("bad_options", `found a ${model.kind} language model, expected a causal one`, {
      hint: "a masked model gives no probability to the next byte",
    });
  }
  if (model.vocabularySize < vocabulary.size) {
    throw new RevocabError(
      "shape_mismatch",
      `${origin}: the model has ${model.vocabularySize} rows but the tokenizer has ${vocabulary.size} ids`,
      { hint: "load both from the same model folder" },
    );
  }
  const begin = [...beginTokensOf(model, tokenizer, bos), ...opening];
  const succession: TokenSuccession = await tokenSuccession(tokenizer);
  const order = tokenOrder(vocabulary);
  const eos = vocabulary.idOfRole("eos");
  return {
    begin,
    order,
    succession,
    streamOf(text) {
      const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
      return tokenStream(tokenizer, bytes, succession.putsSpaceFirst);
    },
    async open(stream) {
      const start = begin.length > 0 ? 0 : 1;
      if (start > stream.tokens.length) {
        throw new RevocabError(
          "bad_options",
          `${origin}: found no token before the first byte, expected one for the model to start from`,
          { hint: "this model has no BOS to start from: give a prefix of at least one token" },
        );
      }
      return { stream, states: await coverTree({ stream, start, order, vocabulary, succession, job }) };
    },
    async read({ stream }, state, logProbabilities) {
      throwIfAborted(job?.abortSignal);
      const before = textTokensOf(state, RECENT);
      return readState({
        state,
        stream: stream.bytes,
        order,
        logProbabilities,
        mask: await succession.allAfter(before),
        end: (await mayEndAfter(stream, state)) ? eos : undefined,
        endsHere: state.offset === stream.bytes.length || isEmpty(stream),
      });
    },
    mayEndAfter,
  };

  async function mayEndAfter(stream: TokenStream, state: TokenPath): Promise<boolean> {
    // The space before a text is not written when there is no text.
    if (state.depth > 0 && state.offset <= stream.lead) return false;
    if (state.isCanonical && state.depth === stream.tokens.length) return true;
    return succession.mayEnd(textTokensOf(state, RECENT));
  }
}

function isEmpty({ bytes, lead }: TokenStream): boolean {
  return bytes.length === lead;
}
