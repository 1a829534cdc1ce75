import type { OpenCheckpointOptions } from "@revocab/checkpoint";
import { type Job, RevocabError, showText } from "@revocab/core";
import { openModel } from "@revocab/plan";
import { textLimits } from "@revocab/plan/internal";
import type { Generated, OpenLanguageModel } from "@revocab/transformer-runtime";
import { displayToken } from "@revocab/vocabulary";
import { framing, withSource } from "./encoder-source.ts";

export interface GenerateTextOptions extends OpenCheckpointOptions {
  /** Model folder. */
  readonly model: string;
  /**
   * The text to continue. The tokenizer adds its special tokens, as AutoTokenizer does; those that end a text are left out where the
   * model has an encoder, whose decoder begins with a token of its own.
   */
  readonly prompt: string;
  /** Encoder–decoder models: what the encoder reads. @default "" */
  readonly source?: string;
  /** @default 60 */
  readonly maxTokens?: number;
  /** @default 0: always the most probable token */
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  /** @default 0 */
  readonly seed?: number;
  readonly job?: Job;
  /** Called with each new part of the text; the first part is the prompt and the first token. */
  readonly onText?: (text: string) => void;
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
  source,
  onText,
  job,
  ...options
}: GenerateTextOptions): Promise<GeneratedText> {
  const opened = await openModel(directory, options);
  try {
    const { generate, languageModel, openTransformer, tablesOf } = await import(
      "@revocab/transformer-runtime"
    );
    const { vocabulary } = opened.readable;
    const transformer = await openTransformer(opened.checkpoint, { job });
    let model: OpenLanguageModel | undefined;
    try {
      transformer.requireWhole();
      const tables = await withSource(tablesOf(opened.checkpoint), transformer, opened.readable, source);
      model = languageModel(transformer, tables);
      const { startTokens = [] } = model;
      const { before, after: ending } = framing(opened.tokenizer);
      const after = transformer.description.encoder === undefined ? ending : [];
      const pieces = await opened.readable.encode(prompt);
      const tokens = Uint32Array.from([...startTokens, ...before, ...pieces, ...after]);
      if (tokens.length === 0) {
        throw new RevocabError(
          "bad_text",
          "the prompt is empty, and the tokenizer puts no token before a text",
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
      // print nothing, not even the prompt, if generation fails before the first token
      const grow = (more: string) => {
        const next = text === undefined ? prompt + more : more;
        text = (text ?? "") + next;
        if (next !== "") onText?.(next);
      };
      const { ends: stop, isAllowed } = textLimits(vocabulary);
      const started = performance.now();
      const generated = await generate({
        ...options,
        model,
        tokens,
        stop,
        isAllowed,
        job,
        onToken: (token) => grow(decoder.decode(vocabulary.bytesOf(token), { stream: true })),
      });
      const seconds = (performance.now() - started) / 1000;
      grow(decoder.decode());
      return {
        text: text ?? prompt,
        tokens: [...generated.tokens],
        endedBy: generated.endedBy,
        seconds,
        tokensPerSecond: generated.tokens.length / seconds,
        notes: [
          ...(after.length === 0
            ? []
            : [
                `the tokenizer ends every text with ${showText(after.map((id) => displayToken(vocabulary, id)).join(""))}, the prompt too: ` +
                  "the model goes on after the end of a text",
              ]),
          ...(generated.endedBy === "context"
            ? [`the model's context of ${model.contextLength} tokens is full`]
            : []),
        ],
      };
    } finally {
      await model?.close();
      await transformer.close();
    }
  } finally {
    await opened.close();
  }
}
