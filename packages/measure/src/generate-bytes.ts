import type { GapOptions, MixtureMean, ReadingCost, WrittenBytes } from "@revocab/byte-models";
import type { GenerateTextOptions } from "./generate-text.ts";
import { type VotersOptions, withVoters } from "./open-voters.ts";

export interface GenerateBytesOptions
  extends VotersOptions,
    GapOptions,
    Pick<GenerateTextOptions, "temperature" | "topK" | "topP" | "seed" | "onText"> {
  /** The text to continue. It may end inside a word, and as bytes inside a character. */
  readonly prompt: string | Uint8Array;
  /** One for each model; only their ratios count. @default the same for each */
  readonly weights?: readonly number[];
  /** How the models' distributions become one. @default "arithmetic" */
  readonly mean?: MixtureMean;
  /** A character that is begun is finished. @default 240 */
  readonly maxBytes?: number;
}

export interface GeneratedBytes {
  /** The prompt, what was written, and the suffix if there is one. */
  readonly text: string;
  /** Bytes that were written. */
  readonly bytes: number;
  readonly endedBy: WrittenBytes["endedBy"];
  /** Forward passes of all models, the prompt's included, and the tokens in them. */
  readonly cost: ReadingCost;
  readonly seconds: number;
  readonly bytesPerSecond: number;
  readonly notes: readonly string[];
}

/**
 * Continues a text byte by byte with the model in a folder, or with several that vote on every byte; with a suffix it fills the gap before that. What follows the prompt does not
 * depend on where tokens of the prompt end. The same seed gives the same text.
 * @throws RevocabError as `openTransformer` and `byteReader` do; `bad_options` for an empty prompt where the model has no token to begin from,
 *   weights of another number, and models of which only some end texts; `context_too_long`
 */
export async function generateBytes({
  prompt,
  suffix,
  gapOrder,
  weights,
  mean,
  onText,
  temperature,
  topK,
  topP,
  seed,
  maxBytes,
  job,
  ...options
}: GenerateBytesOptions): Promise<GeneratedBytes> {
  const { byteReader, mixtureReader, mixtureWeights, writeBytes } = await import("@revocab/byte-models");
  const begun = typeof prompt === "string" ? new TextEncoder().encode(prompt) : prompt;
  const shares = mixtureWeights(1 + (options.with?.length ?? 0), weights);
  return withVoters({ ...options, job }, async (voters) => {
    const started = performance.now();
    const readers = [];
    for (const voter of voters)
      readers.push(await byteReader({ ...voter, prompt: begun, suffix, gapOrder, job }));
    const reader = mixtureReader(readers, shares, mean);
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    let text = "";
    const grow = (more: Uint8Array, stream = true) => {
      const next = decoder.decode(more, { stream });
      text += next;
      if (next !== "") onText?.(next);
    };
    // print nothing, not even the prompt, if generation fails before the first byte
    let isBegun = false;
    const begin = () => {
      if (!isBegun) grow(begun);
      isBegun = true;
    };
    const { bytes, endedBy } = await writeBytes({
      ...{ reader, prompt: begun, maxBytes, temperature, topK, topP, seed, job },
      onByte(byte) {
        begin();
        grow(Uint8Array.of(byte));
      },
    });
    begin();
    grow(new Uint8Array(0), false);
    if (suffix !== undefined) grow(new TextEncoder().encode(suffix), false);
    const seconds = (performance.now() - started) / 1000;
    return {
      text,
      bytes: bytes.length,
      endedBy,
      cost: reader.cost,
      seconds,
      bytesPerSecond: bytes.length / seconds,
      notes: [
        ...(endedBy === "context" ? ["the context of a model is full"] : []),
        ...(suffix !== undefined && endedBy !== "stop"
          ? [`the gap may be longer: its end did not come within ${bytes.length} bytes`]
          : []),
      ],
    };
  });
}
