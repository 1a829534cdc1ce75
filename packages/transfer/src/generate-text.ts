import type { OpenCheckpointOptions } from "@revocab/checkpoint";
import { RevocabError } from "@revocab/core";
import type { Generated } from "@revocab/transformer-runtime";
import { openModel } from "./open-model.ts";
import { textLimits } from "./text-limits.ts";

export interface GenerateTextOptions extends OpenCheckpointOptions {
  /** Model folder. */
  readonly model: string;
  /** The text to continue; the token that opens a text is put before it where the tokenizer has one. */
  readonly prompt: string;
  /** @default 60 */
  readonly maxTokens?: number;
  /** @default 0: the most probable token always */
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  /** @default 0 */
  readonly seed?: number;
  /** @default all cores */
  readonly threads?: number;
  /** The text as it grows: the prompt comes with the first token. */
  readonly onText?: (text: string) => void;
  readonly abortSignal?: AbortSignal;
}

export interface GeneratedText {
  /** The prompt and its continuation. */
  readonly text: string;
  readonly tokens: readonly number[];
  readonly endedBy: Generated["endedBy"];
  readonly seconds: number;
  readonly tokensPerSecond: number;
  readonly notes: readonly string[];
}

/**
 * Continues a text with the model in a folder. The same seed gives the same text.
 * @throws RevocabError as `openTransformer` and `generate` do; `bad_text` for a prompt without tokens;
 *   `context_too_long`
 */
export async function generateText({
  model: directory,
  prompt,
  onText,
  threads,
  ...options
}: GenerateTextOptions): Promise<GeneratedText> {
  const opened = await openModel(directory, options);
  try {
    const { generate, languageModel, openTransformer } = await import("@revocab/transformer-runtime");
    const { vocabulary } = opened.tokenizer;
    const transformer = await openTransformer(opened.checkpoint, threads === undefined ? {} : { threads });
    const model = languageModel(transformer);
    try {
      const begin = vocabulary.idOfRole("bos");
      const pieces = await opened.tokenizer.encode(prompt);
      const tokens = Uint32Array.from([...(begin === undefined ? [] : [begin]), ...pieces]);
      if (tokens.length === 0) {
        throw new RevocabError(
          "bad_text",
          "the prompt is empty, and the tokenizer has no token that opens a text",
          {
            hint: "give some text to continue",
          },
        );
      }
      if (tokens.length > model.contextLength) {
        throw new RevocabError(
          "context_too_long",
          `the prompt has ${tokens.length} tokens, but the model was made for ${model.contextLength}`,
          { hint: "give a shorter prompt" },
        );
      }
      const decoder = new TextDecoder(); // a token may be a part of a character
      let text: string | undefined;
      // the prompt comes with the first token, for a model that cannot go on shall not seem to have spoken
      const grow = (more: string) => {
        const next = text === undefined ? prompt + more : more;
        text = (text ?? "") + next;
        if (next !== "") onText?.(next);
      };
      const { ends: stop, isAllowed } = textLimits(vocabulary);
      const started = performance.now();
      const made = await generate({
        ...options,
        model,
        tokens,
        stop,
        isAllowed,
        onToken: (token) => grow(decoder.decode(vocabulary.bytesOf(token), { stream: true })),
      });
      const seconds = (performance.now() - started) / 1000;
      grow(decoder.decode());
      return {
        text: text ?? prompt,
        tokens: [...made.tokens],
        endedBy: made.endedBy,
        seconds,
        tokensPerSecond: made.tokens.length / seconds,
        notes:
          made.endedBy === "context" ? [`the model's context of ${model.contextLength} tokens is full`] : [],
      };
    } finally {
      await model.close();
      await transformer.close();
    }
  } finally {
    await opened.close();
  }
}
