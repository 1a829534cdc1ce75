import type { TrainingRecipe } from "@revocab/checkpoint/internal";
import { type Job, RevocabError, type ScoreQuery, showText, throwIfAborted } from "@revocab/core";
import { bitsPerByteOf } from "@revocab/evaluation";
import { type HeadGradient, scoreTogether } from "@revocab/transformer-runtime";
import { addGradients, type Losses, type Teaching, type VocabularyRows } from "./add-gradients.ts";
import { progressOf, rateAt } from "./budget.ts";
import { occurrencesIn } from "./kept-shares.ts";
import { findTraining, KEPT_FORMAT, keepTraining, matricesOf } from "./kept-training.ts";
import { keptRows, type Learner, learnerOf, shorten } from "./learner.ts";
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
  /** Of a training that is kept. */
  readonly recipe?: TrainingRecipe | undefined;
}

/** A training from its first score to its last. */
export class Training {
  readonly #options: TrainingOptions;
  readonly #learners: readonly Learner[];
  /** In ms; a training that goes on has begun earlier by the time from before. */
  #started = performance.now();
  #kept = performance.now();
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
    const occurrences = occurrencesIn(options.text.queries);
    this.#learners = [
      learnerOf("input", input, isTied, occurrences),
      ...(isTied ? [] : [learnerOf("output", output, false, occurrences)]),
    ];
  }

  async run(): Promise<TrainedRows> {
    if (!(await this.#goOn())) {
      await this.#measure();
      this.#before = this.#best.bitsPerByte;
      await this.#keep();
    }
    const ended = await this.#train().catch((error: unknown) => this.#keepStopped(error));
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
    const batches = batchesOf(text.queries, batchTokens, seed);
    for (let read = 0; read < this.#steps; read++) batches.next();
    // a training that goes on may have been stopped between a step and what follows it
    const over = this.#steps === 0 ? undefined : await this.#endAfterStep();
    if (over !== undefined) return over;
    for (const queries of batches) {
      throwIfAborted(job?.abortSignal);
      if (finishSignal?.aborted) {
        await this.#keep(); // before a score that a training in one go would not take
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
      const ended = await this.#endAfterStep();
      if (ended !== "not finite") this.#report(loss);
      if (ended !== undefined) return ended;
    }
    return "budget";
  }

  /** What follows a step: the held-out part is scored where it is time. @returns why training ends with it, where it does */
  async #endAfterStep(): Promise<TrainingReport["ended"] | undefined> {
    const isOver = this.#progress >= 1;
    const measures = isOver || this.#isTimeToMeasure;
    if (measures && !(await this.#measure())) return "not finite";
    if (measures || performance.now() - this.#kept >= KEEP_EVERY_MS) await this.#keep();
    if (isOver) return "budget";
    return this.#worse >= PATIENCE ? "no better" : undefined;
  }

  /** Takes up a training that was kept. @returns whether there is one */
  async #goOn(): Promise<boolean> {
    const { state, recipe = {}, job } = this.#options;
    if (state === undefined) return false;
    const rows = this.#learners.map(({ table }) => new Float32Array(table.learning.length));
    const matrices = matricesOf(this.#learners, rows);
    const found = await findTraining(state.path, { format: KEPT_FORMAT, recipe, matrices });
    if (found === undefined) return false;
    const { steps, tokens, seconds, before, bestStep, best, worse, ratio } = found;
    this.#started -= seconds * 1000;
    this.#steps = steps;
    this.#tokens = tokens;
    this.#before = before;
    this.#best = { step: bestStep, bitsPerByte: best, rows };
    this.#worse = worse;
    this.#ratio = ratio ?? undefined;
    this.#measured = { progress: found.measuredProgress, tokens: found.measuredTokens };
    for (const { adam } of this.#learners) adam.resume(steps);
    const message = `goes on after step ${steps}, ${tokens} tokens and ${seconds.toFixed(0)} seconds, from ${state.path}`;
    job?.onProgress?.({ type: "note", step: "train rows", message });
    return true;
  }

  /** Between two steps everything that the next one depends on is written to the file of the training. */
  async #keep(): Promise<void> {
    const { state, recipe = {}, documents } = this.#options;
    if (state === undefined) return;
    const { step: bestStep, bitsPerByte: best, rows } = this.#best;
    const position = {
      ...{ steps: this.#steps, tokens: this.#tokens, seconds: this.#seconds, before: this.#before },
      ...{ bestStep, best, worse: this.#worse, ratio: this.#ratio ?? null },
      ...{ measuredProgress: this.#measured.progress, measuredTokens: this.#measured.tokens },
    };
    const training = { format: KEPT_FORMAT, recipe, matrices: matricesOf(this.#learners, rows) };
    await keepTraining(state.path, training, position, state.withDocuments ? documents : undefined);
    this.#kept = performance.now();
  }

  /** A step changes nothing before its end, so that one that was stopped in its middle is as if it had not begun. */
  async #keepStopped(error: unknown): Promise<never> {
    const { state, job } = this.#options;
    if (state === undefined || job?.abortSignal?.aborted !== true) throw error;
    const { message } = error as Error;
    const stopped = (what: string, hint: string) =>
      new RevocabError("aborted", `${message}; the training ${what}`, { hint, cause: error });
    await this.#keep().catch((failure: unknown) => {
      const { message: why, hint } = failure as RevocabError;
      throw stopped(`could not be kept: ${why}`, `${hint}; a file from before is as it was`);
    });
    throw stopped(
      `is kept as it was after step ${this.#steps}, in ${showText(state.path)}`,
      "run it again with the same options to go on",
    );
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
    const values = this.#learners.map(keptRows);
    const bitsPerByte = await this.#score(values).catch((error: unknown) => {
      if (this.#steps > 0 && error instanceof RevocabError && error.code === "not_finite") return Number.NaN;
      throw error;
    });
    if (bitsPerByte < this.#best.bitsPerByte) {
      this.#best = { step: this.#steps, bitsPerByte, rows: values };
      this.#worse = 0;
    } else this.#worse++;
    this.#measured = { progress: this.#progress, tokens: this.#tokens };
    return Number.isFinite(bitsPerByte);
  }

  /** Bits per byte of the held-out part, with the rows as they would be written. */
  async #score(values: readonly Float32Array[]): Promise<number> {
    const { transformer, text, tables, job } = this.#options;
    const [input, output = input] = this.#learners.map(({ table }, i) => table.asStored(values[i]));
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

/** What a crash may cost. To write 0.8 GB, and to wait until they are on the disk, took 1 to 5 s. */
const KEEP_EVERY_MS = 180_000;

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
