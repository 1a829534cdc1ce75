import { type InitContext, type SourceModel, stages, type TokenId, throwIfAborted } from "@revocab/core";
import type { DenseProducts } from "@revocab/onnx";
import { type PairedReading, pairedReading } from "@revocab/vocab-alignment";
import { fitSeconds, measureProducts } from "./fit-seconds.ts";
import type { WeightedSources } from "./pieces.ts";
import { type ReadStates, readStates } from "./read-states.ts";
import type { Sample } from "./sample.ts";
import type { ChainRuleSettings } from "./settings.ts";

export interface ReadPassagesOptions extends Pick<ChainRuleSettings, "correction" | "states" | "seconds"> {
  readonly context: InitContext;
  readonly model: SourceModel;
  readonly sample: Sample;
  /** The tokens that begin with each first piece. */
  readonly groups: ReadonlyMap<TokenId, readonly TokenId[]>;
  /** The input row of a target token. */
  readonly inputOf: (token: TokenId) => WeightedSources | undefined;
  readonly products: DenseProducts;
  readonly threads: number;
}

/**
 * Runs the model over the sample: as many passages of the text as `states` and `seconds` allow, and all others. Says beforehand how
 * long this and the fits will take, by products of matrices.
 * @throws RevocabError `not_finite`, `aborted`
 */
export async function readPassages(options: ReadPassagesOptions): Promise<ReadStates> {
  const { sample, states, seconds, context } = options;
  const { encode, run } = stages(context.job, { encode: 1, run: 20 });
  const encoding = { ...options, context: { ...context, job: encode } };
  const text = await pairedReadings(encoding, sample.text, states);
  const whole = await pairedReadings(encoding, sample.whole, Number.POSITIVE_INFINITY);
  const all = [...text, ...whole];
  const isShort = seconds === undefined && sourceTokens(all) < SHORT;
  const costOf = isShort ? undefined : await costsOf(options);
  const chosen = seconds === undefined || costOf === undefined ? text : within(seconds, text, whole, costOf);
  const readings = [...chosen, ...whole];
  if (costOf !== undefined) noteCosts(options, costOf(readings));
  if (seconds !== undefined) noteChoice(options, sourceTokens(chosen));
  return readStates({ ...options, context: { ...context, job: run }, readings });
}

/** Source tokens of a text that is read without a look at the clock, where no time is given. */
const SHORT = 4000;

async function pairedReadings(
  { context: { target, job }, model }: ReadPassagesOptions,
  passages: readonly string[],
  most: number,
): Promise<PairedReading[]> {
  const { vocabulary, encode = async () => new Uint32Array(0) } = target;
  const readings: PairedReading[] = [];
  let tokens = 0;
  for (const passage of passages) {
    if (tokens >= most) break;
    throwIfAborted(job?.abortSignal);
    const reading = await pairedReading(
      passage,
      model,
      { vocabulary, encode },
      model.transformer.contextLength,
    );
    readings.push(reading);
    tokens += reading.source.length;
    const total = Number.isFinite(most) ? Math.max(most, tokens) : tokens;
    job?.onProgress?.({ type: "progress", step: "encode sample text", done: tokens, total, unit: "tokens" });
  }
  return readings;
}

function sourceTokens(readings: readonly PairedReading[]): number {
  return readings.reduce((sum, { source }) => sum + source.length, 0);
}

interface Costs {
  readonly readSeconds: number;
  readonly fitSeconds: number;
}

/** What readings will cost. */
async function costsOf({
  model: { transformer },
  products,
  correction,
  groups,
  context,
}: ReadPassagesOptions): Promise<(readings: readonly PairedReading[]) => Costs> {
  const { width } = transformer;
  const { weights, perToken } = await transformer.readCosts();
  const flopsPerSecond = await measureProducts(width, products);
  const firstOf = new Map(
    [...groups].flatMap(([first, group]) => group.map((token) => [token, first] as const)),
  );
  const sourceRows = context.source.vocabulary.size;
  return (some) => {
    const seen = new Set(some.flatMap(({ sharedStarts }) => sharedStarts.map(({ token }) => token)));
    const size = {
      width,
      sourceTokens: sourceTokens(some),
      places: some.reduce((sum, { sharedStarts }) => sum + sharedStarts.length, 0),
      tokens: seen.size,
      firstPieces: new Set(Array.from(seen, (token) => firstOf.get(token))).size,
      allFirstPieces: groups.size,
      sourceRows,
    };
    const read = some.reduce((sum, { source, target }) => sum + source.length + target.length, 0);
    return {
      readSeconds: weights + read * perToken,
      fitSeconds: fitSeconds(correction, size, flopsPerSecond),
    };
  };
}

/** The longest beginning of the text that can be read and fitted in time, but at least {@link FEWEST} tokens. */
function within(
  seconds: number,
  text: readonly PairedReading[],
  whole: readonly PairedReading[],
  costOf: (readings: readonly PairedReading[]) => Costs,
): readonly PairedReading[] {
  const fits = (count: number) => {
    const costs = costOf([...text.slice(0, count), ...whole]);
    return costs.readSeconds + costs.fitSeconds <= seconds;
  };
  let count = text.findIndex((_, i) => sourceTokens(text.slice(0, i + 1)) >= FEWEST) + 1;
  let most = text.length;
  while (count < most) {
    const middle = Math.ceil((count + most) / 2);
    if (fits(middle)) count = middle;
    else most = middle - 1;
  }
  return text.slice(0, count);
}

/** As many as the option `states` must allow. */
const FEWEST = 100;

function noteCosts({ context: { job } }: ReadPassagesOptions, costs: Costs): void {
  const [reading, fits] = [costs.readSeconds, costs.fitSeconds].map((seconds) =>
    Math.max(1, Math.round(seconds)),
  );
  const message = `reading the sample text will take about ${reading} s, and the fits about ${fits} s`;
  job?.onProgress?.({ type: "note", step: "chain-rule", message, isDetail: true });
}

/** Time differs from run to run: the plan keeps what came of it. */
function noteChoice({ context: { job }, seconds }: ReadPassagesOptions, tokens: number): void {
  const message = `${tokens} source tokens of the text were read, for ${seconds} seconds: \`states=${tokens}\` reads as many again`;
  job?.onProgress?.({ type: "note", step: "chain-rule", message });
}
