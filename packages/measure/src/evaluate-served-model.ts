import { quote, RevocabError, showNotes, showText } from "@revocab/core";
import { type BitsPerByte, type LossByToken, lossByToken } from "@revocab/evaluation";
import { askModel, prepareBitsPerByte } from "@revocab/evaluation/internal";
import { readText } from "@revocab/files";
import { type Dialect, openServedModel, type ServedModel } from "@revocab/served-model";
import { loadTokenizer, type Tokenizer } from "@revocab/vocabulary";
import type { ScoringOptions } from "./evaluate-model.ts";

export interface EvaluateServedOptions extends Omit<ScoringOptions, "samples" | "samplesSeed" | "source"> {
  /** Address of an OpenAI-compatible API, such as `http://127.0.0.1:8000/v1`. */
  readonly server: string;
  /** The model's name there. @default the only one that the server lists */
  readonly servedModel?: string;
  /** The model's tokenizer: folder, tokenizer.json or SentencePiece `.model`. */
  readonly tokenizer: string;
  /** Sent to this server alone. No result or message contains it. @default none */
  readonly token?: string;
  /** Say what each token of the text cost. @default false */
  readonly byToken?: boolean;
  /** Requests under way at once. @default 8 */
  readonly requests?: number;
}

/** Bits per byte, and what was asked for them. */
export type ServedEvaluation = BitsPerByte & {
  /** Only with the option `byToken`. */
  readonly byToken?: LossByToken;
  readonly served: {
    /** The server's address. */
    readonly server: string;
    /** The model's name there. */
    readonly model: string;
    readonly dialect: Dialect;
  };
};

/**
 * Scores a model that a server runs, such as vLLM or SGLang: the figure of `evaluateModel`, computed by the server in its own
 * number format. Texts are encoded here, and the server gets token ids.
 * @throws RevocabError as `openServedModel` does; `bad_tokenizer` when the server encodes the text otherwise than `tokenizer`;
 *   `bad_text`, `missing_file`, `context_too_long`, `not_finite`, `aborted`; what loading a tokenizer throws
 */
export async function evaluateServedModel({
  tokenizer: path,
  text: file,
  context,
  stride,
  bos,
  byToken = false,
  ...options
}: EvaluateServedOptions): Promise<ServedEvaluation> {
  const { job } = options;
  const text = await readText(file, options);
  const tokenizer = await loadTokenizer(path);
  const model = await openServedModel({
    ...options,
    vocabularySize: tokenizer.vocabulary.size,
    contextLength: context,
  });
  const notes = [...text.notes, ...(await notesOf(model, tokenizer, text.documents[0] as string, options))];
  job?.onProgress?.({ type: "step", step: "score" });
  const { documents } = text;
  const scoring = await prepareBitsPerByte({ model, tokenizer, documents, context, stride, bos, job });
  const { score, losses } = await askModel(scoring, model, job);
  const { server, servedModel, dialect } = model;
  return {
    ...score,
    ...(byToken && {
      byToken: lossByToken({ losses, documents, vocabulary: tokenizer.vocabulary, kind: score.kind }),
    }),
    served: { server, model: servedModel, dialect },
    notes: showNotes([...notes, ...score.notes]),
  };
}

/** Characters of the text by which the two tokenizers are compared. */
const COMPARED = 200;

/**
 * What a user should know of scores that a server computes.
 * @throws RevocabError `bad_tokenizer`
 */
async function notesOf(
  model: ServedModel,
  tokenizer: Tokenizer,
  document: string,
  { job }: Pick<ScoringOptions, "job">,
): Promise<readonly string[]> {
  const beginning = [...document.slice(0, 2 * COMPARED)].slice(0, COMPARED).join("");
  const theirs = await model.encode(beginning, job);
  if (theirs !== undefined) {
    const ours = await tokenizer.encode(beginning);
    checkSame(ours, theirs, tokenizer, model, beginning);
  }
  return [
    "computed by the server in its own number format, which it does not say",
    ...(theirs === undefined
      ? [
          "the server does not say how it encodes a text: that the tokenizer is its model's could not be checked",
        ]
      : []),
    ...(model.hasIds
      ? []
      : ["the server does not name the ids of the tokens it scored: only their number was checked"]),
  ];
}

/** A server's model with another tokenizer scores noise, and the score does not show it. */
function checkSame(
  ours: Uint32Array,
  theirs: readonly number[],
  { origin }: Tokenizer,
  { servedModel, server }: ServedModel,
  text: string,
): void {
  const length = Math.max(ours.length, theirs.length);
  const at = Array.from({ length }, (_, index) => index).find((index) => ours[index] !== theirs[index]);
  if (at === undefined) return;
  throw new RevocabError(
    "bad_tokenizer",
    `${origin} encodes ${quote(text.slice(0, 40))} otherwise than ${showText(servedModel)} at ${server}: token ${at + 1} has ` +
      `id ${ours[at] ?? "none"} here and ${theirs[at] ?? "none"} there`,
    { hint: "pass the tokenizer of the served model as `tokenizer`" },
  );
}
