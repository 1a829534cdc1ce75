import { type Job, RevocabError, type ScoreQuery, throwIfAborted } from "@revocab/core";
import { bitsPerByteOf } from "@revocab/evaluation";
import { type HeadGradient, scoreTogether } from "@revocab/transformer-runtime";
import { addGradients, type Losses, type Teaching, type VocabularyRows } from "./add-gradients.ts";
import { progressOf, rateAt } from "./budget.ts";
import { type Learner, learnerOf, shorten } from "./learner.ts";
import type { LikelihoodMatching } from "./likelihood-matching.ts";
import { type TaughtQuery, teacherStates } from "./teacher.ts";
import type { Objective, TrainedRows, TrainingReport, TrainRowsOptions } from "./train-rows-options.ts";
import { batchesOf, countTargets, type TrainingText } from "./training-text.ts";

export interface TrainingOptions extends TrainRowsOptions {
  readonly seed: number;
  readonly rate: number;
  readonly batchTokens: number;
  readonly text: TrainingText;
  readonly rows: VocabularyRows;
  readonly head: HeadGradient;
  readonly objective: Objective;
  /** For the objective `alm`. */
  readonly matching?: LikelihoodMatching | undefined;
}

/** A training from its first score to its last. */
export class Training {
  readonly #options: TrainingOptions;
  readonly #learners: readonly Learner[];
  readonly #started = performance.now();
  #steps = 0;
  #tokens = 0;
  #best = { step: 0, bitsPerByte: Number.POSITIVE_INFINITY, rows: [] as Float32Array[] };
  #before = Number.NaN;
  #worse = 0;
  /** Nats of a token by the mean square of a difference, in the step before. */
  #ratio: number | undefined;
  #measured = { progress: 0, tokens: 0 };

  constructor(options: TrainingOptions) {
    this.#options = options;
    const { input, output } = options.rows;
    const isTied = input === output;
    this.#learners = [
      learnerOf("input", input, isTied),
      ...(isTied ? [] : [learnerOf("output", output, false)]),
    ];
  }

  async run(): Promise<TrainedRows> {
    await this.#measure();
    this.#before = this.#best.bitsPerByte;
    const ended = await this.#train();
    const { seed, rate, text, objective } = this.#options;
    const { step, bitsPerByte } = this.#best;
    return {
      tables: new Map(
        this.#learners.map(({ slot, table: { ids, columns } }, i) => [
          slot,
          { ids, rows: { rows: ids.length, columns, data: this.#best.rows[i] } },
        ]),
      ),
      report: {
        objective,
        bestStep: step,
        steps: this.#steps,
        tokens: this.#tokens,
        seconds: this.#seconds,
        rate,
        seed,
        learned: Object.fromEntries(this.#learners.map(({ slot, table }) => [slot, table.ids.length])),
        heldOut: { bytes: text.heldOutBytes, before: this.#before, after: bitsPerByte },
        ended,
      },
    };
  }

  get #seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  get #progress(): number {
    return progressOf(this.#options.budget, {
      steps: this.#steps,
      tokens: this.#tokens,
      seconds: this.#seconds,
    });
  }

  /** To score the held-out part costs a third of training on it, and takes a tenth of the time at most. */
  get #isTimeToMeasure(): boolean {
    const { progress, tokens } = this.#measured;
    const cost = countTargets(this.#options.text.heldOut.queries) / 3;
    return this.#progress - progress >= 1 / MEASURES && this.#tokens - tokens >= 10 * cost;
  }

  async #train(): Promise<TrainingReport["ended"]> {
    const { text, batchTokens, seed, finishSignal, job } = this.#options;
    for (const queries of batchesOf(text.queries, batchTokens, seed)) {
      throwIfAborted(job?.abortSignal);
      if (finishSignal?.aborted) {
        await this.#measure();
        return "told to";
      }
      const loss = await this.#step(queries);
      if (!Number.isFinite(loss)) {
        if (this.#steps > 1) return "not finite";
        throw new RevocabError("not_finite", `the loss of the first step is ${loss}, expected a number`, {
          hint: "look for NaN, infinity or very large values in the model's weights",
        });
      }
      const isOver = this.#progress >= 1;
      if ((isOver || this.#isTimeToMeasure) && !(await this.#measure())) return "not finite";
      this.#report(loss);
      if (isOver) return "budget";
      if (this.#worse >= PATIENCE) return "no better";
    }
    return "budget";
  }

  /** @returns mean −log2 p */
  async #step(queries: readonly ScoreQuery[]): Promise<number> {
    const { transformer, head, rows, rate, matching, job } = this.#options;
    const [byInput, byOutput = byInput] = this.#learners.map(({ gradient }) => gradient.fill(0));
    const own = { ...job, onProgress: undefined };
    const count = countTargets(queries);
    const teaching = await this.#teachingOf(queries, count, own);
    const weigh = await matching?.weigherOf(queries as readonly TaughtQuery[], own);
    const given = await addGradients({
      ...{ transformer, head, rows, queries, byInput, byOutput, teaching, weigh, job: own },
    });
    const loss = given.crossEntropy;
    if (teaching !== undefined) this.#ratio = ratioOf(given, count, teaching, transformer.width);
    this.#steps++;
    this.#tokens += count;
    if (!Number.isFinite(loss)) return loss;
    const scale = Math.min(1 / count, MOST_NORM / this.#gradientNorm());
    for (const { table, gradient, adam, typical, bound } of this.#learners) {
      adam.step(table.learning, gradient, rate * typical * rateAt(this.#progress), scale);
      if (Number.isFinite(bound)) shorten(table, bound);
    }
    return loss / count / Math.LN2;
  }

  /** The squares of all differences together count as much as the loss of all tokens, by what both were in the step before. */
  async #teachingOf(
    queries: readonly (ScoreQuery | TaughtQuery)[],
    count: number,
    job: Job,
  ): Promise<Teaching | undefined> {
    const { transformer, teacher, objective } = this.#options;
    if (teacher === undefined || objective !== "distill") return undefined;
    const taught = queries as readonly TaughtQuery[];
    const states = await teacherStates(transformer, teacher, taught, job);
    const values = states.reduce((sum, { length }) => sum + length, 0);
    const ratio = this.#ratio ?? FIRST_LOSS / meanSquareOf(states, values);
    return {
      positions: taught.map(({ shared }) => shared.map(({ targetPosition }) => targetPosition)),
      states,
      weight: values === 0 ? 0 : (ratio * count) / values,
    };
  }

  #gradientNorm(): number {
    let square = 0;
    for (const { gradient } of this.#learners) {
      for (let i = 0; i < gradient.length; i++) square += gradient[i] * gradient[i];
    }
    return Math.sqrt(square);
  }

  /** Scores the part of the text that is not trained on, and keeps the rows if they are the best so far. @returns whether it is a number */
  async #measure(): Promise<boolean> {
    const bitsPerByte = await this.#score().catch((error: unknown) => {
      if (this.#steps > 0 && error instanceof RevocabError && error.code === "not_finite") return Number.NaN;
      throw error;
    });
    if (bitsPerByte < this.#best.bitsPerByte) {
      const values = this.#learners.map(({ table }) => table.learning.slice());
      this.#best = { step: this.#steps, bitsPerByte, rows: values };
      this.#worse = 0;
    } else this.#worse++;
    this.#measured = { progress: this.#progress, tokens: this.#tokens };
    return Number.isFinite(bitsPerByte);
  }

  /** Bits per byte of the held-out part, with the rows as they would be written. */
  async #score(): Promise<number> {
    const { transformer, rows, text, tables, job } = this.#options;
    const input = rows.input.asStored();
    const output = rows.output === rows.input ? input : rows.output.asStored();
    const scored = { ...text.heldOut, tables: { ...tables, input, output } };
    const [logarithms] = await scoreTogether(transformer, [scored], { ...job, onProgress: undefined });
    return bitsPerByteOf(text.heldOut.scoreOf(logarithms, 1));
  }

  #report(loss: number): void {
    const progress = this.#progress;
    this.#options.job?.onProgress?.({
      type: "progress",
      step: "train rows",
      done: this.#tokens,
      total: Math.max(this.#tokens, Math.round(this.#tokens / Math.max(progress, 1e-9))),
      unit: "tokens",
      detail: `step ${this.#steps}, loss ${loss.toFixed(2)} bits per token, held-out text ${this.#best.bitsPerByte.toFixed(3)} bits per byte`,
    });
  }
}

/** How often the held-out part is scored, and how often in a row it may be worse. */
const MEASURES = 12;
const PATIENCE = 4;

/** Of the gradient of the mean loss; beyond it the step is shortened. */
const MOST_NORM = 1;

/** Nats of a token, about, before the first step. */
const FIRST_LOSS = 4;

function meanSquareOf(states: readonly Float32Array[], values: number): number {
  const squares = states.reduce((sum, own) => own.reduce((s, value) => s + value * value, sum), 0);
  return squares / Math.max(1, values);
}

function ratioOf(
  { crossEntropy, distance }: Losses,
  count: number,
  { states }: Teaching,
  d: number,
): number | undefined {
  const values = states.reduce((sum, { length }) => sum + length, 0);
  return values < d || distance === 0 ? undefined : crossEntropy / count / (distance / values);
}
