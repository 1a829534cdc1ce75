import { RevocabError, type TokenId, type Vocabulary } from "@revocab/core";
import { type ReadingContext, unfinishedBytes } from "@revocab/evaluation/internal";
import type { Tokenizer } from "@revocab/vocabulary";

/**
 * How a text with a gap is laid out for a model that learned to fill it, `<P>`, `<S>` and `<M>` being its special tokens:
 * - `prefix-first`: `<P>` prefix `<S>` suffix `<M>` gap. All such models know it.
 * - `suffix-first`: `<P> <S>` suffix `<M>` prefix gap. The prefix and the gap are one text, so that the prefix may end inside a
 *   token; StarCoder and others learned it as well.
 */
export type GapOrder = "prefix-first" | "suffix-first";

export interface GapOptions {
  /** The text behind the gap that is filled; the prompt stands before it. @default none: the prompt is continued */
  readonly suffix?: string;
  /** @default "prefix-first" */
  readonly gapOrder?: GapOrder;
}

/** What stands before the text that grows, and what ends it. */
export interface GapReading {
  /** Behind the BOS. */
  readonly opening: readonly TokenId[];
  /** What the text that grows begins with. */
  readonly text: Uint8Array;
  /** Tokens that end the gap, beside those that end a text. */
  readonly ends: readonly TokenId[];
}

/**
 * @throws RevocabError `bad_options` where the tokenizer has no tokens that mark a gap; `unsupported_tokenizer` for one that puts a
 *   space before every text; `bad_text`
 * @see https://arxiv.org/abs/2207.14255
 */
export async function readAroundGap(
  context: ReadingContext,
  { vocabulary, origin }: Tokenizer,
  {
    before,
    suffix,
    gapOrder = "prefix-first",
  }: { readonly before: Uint8Array; readonly suffix: string; readonly gapOrder?: GapOrder },
): Promise<GapReading> {
  const marks = GAP_MARKS.map((names) => names.map((name) => idOf(vocabulary, name))).find(isWhole);
  if (marks === undefined) throw fillsNoGaps(origin);
  if (context.succession.putsSpaceFirst) {
    throw new RevocabError(
      "unsupported_tokenizer",
      `${origin}: the tokenizer puts a space before every text, also before the text of a gap and behind it`,
      { hint: "continue the prompt without `suffix`" },
    );
  }
  const [prefixMark, suffixMark, middleMark] = marks;
  const { tokens: behind } = await context.streamOf(suffix);
  const ends = [...marks, ...endsOfFile(vocabulary)];
  if (gapOrder === "suffix-first") {
    return { opening: [prefixMark, suffixMark, ...behind, middleMark], text: before, ends };
  }
  // Only whole characters have tokens; the gap begins with the rest of one.
  const whole = before.length - unfinishedBytes(before);
  const { tokens: ahead } = await context.streamOf(before.subarray(0, whole));
  return {
    opening: [prefixMark, ...ahead, suffixMark, ...behind, middleMark],
    text: before.subarray(whole),
    ends,
  };
}

/** The names of the marks before the prefix, the suffix and the gap. */
const GAP_MARKS = [
  ["<fim_prefix>", "<fim_suffix>", "<fim_middle>"], // StarCoder, StableCode, Granite
  ["<fim-prefix>", "<fim-suffix>", "<fim-middle>"], // SantaCoder
  ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"], // Qwen 2.5, CodeGemma
  ["<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"], // DeepSeek
  ["<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"], // GLM 4
  ["▁<PRE>", "▁<SUF>", "▁<MID>"], // Code Llama
] as const;

/** Qwen and DeepSeek have their marks as added tokens that are not special. */
function idOf(vocabulary: Vocabulary, name: string): TokenId | undefined {
  return vocabulary.idOfSpecial(name) ?? vocabulary.idsOf(new TextEncoder().encode(name))[0];
}

function isWhole(marks: (TokenId | undefined)[]): marks is TokenId[] {
  return marks.every((mark) => mark !== undefined);
}

/** Some models write the mark of the next file where a gap has ended. */
function endsOfFile(vocabulary: Vocabulary): TokenId[] {
  return ["<file_sep>", "<|file_sep|>", "<|file_separator|>"].flatMap((name) => idOf(vocabulary, name) ?? []);
}

function fillsNoGaps(origin: string): RevocabError {
  const [names] = GAP_MARKS;
  return new RevocabError(
    "bad_options",
    `${origin}: found no special tokens that mark a gap, such as ${names.join(", ")}; expected them for \`suffix\``,
    { hint: "continue the prompt without `suffix`, or take a model that learned to fill in the middle" },
  );
}
