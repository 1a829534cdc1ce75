import type { Job } from "@revocab/core";
import type { Evaluation } from "@revocab/evaluation";
import type { OpenTransformer } from "@revocab/transformer-runtime";
import { scoreAll, type TablesToScore } from "./evaluate-model.ts";

/**
 * Scores that wait for each other, so that all cost one pass through the layers. Where all layers stay in memory there is nothing to
 * save, and none waits.
 */
export class ScoreQueue {
  readonly #transformer: OpenTransformer;
  readonly #evaluations: (readonly Evaluation[])[] = [];
  #waiting: ScoresToGive[] = [];
  #bytes = 0;

  constructor(transformer: OpenTransformer) {
    this.#transformer = transformer;
  }

  /** Where tables of so many bytes are to wait: in memory as far as there is room for those of all scores. */
  reserve(bytes: number): "memory" | "file" {
    const { kind, memory } = this.#transformer.schedule;
    if (kind !== "whole" && this.#bytes + bytes > memory * SHARE_FOR_TABLES) return "file";
    this.#bytes += bytes;
    return "memory";
  }

  /** @param job of these scores, where they do not wait */
  async add(scores: ScoresToGive, job: Job | undefined): Promise<void> {
    this.#waiting.push(scores);
    if (this.#transformer.schedule.kind === "whole") await this.#give(job);
  }

  /** In the order in which they were added. */
  async finish(job: Job | undefined): Promise<(readonly Evaluation[])[]> {
    if (this.#waiting.length > 0) await this.#give(job);
    return this.#evaluations;
  }

  async close(): Promise<void> {
    for (const { close } of this.#waiting.splice(0)) await close?.();
  }

  async #give(job: Job | undefined): Promise<void> {
    const all = this.#waiting.flatMap(({ scorings }) => scorings);
    const scored = await scoreAll(this.#transformer, all, job);
    const evaluations = scored.map(({ score }) => score);
    for (const { scorings } of this.#waiting) {
      this.#evaluations.push(evaluations.splice(0, scorings.length));
    }
    await this.close();
  }
}

/** Texts in the tokens of vocabularies, with their tables. */
export interface ScoresToGive {
  readonly scorings: readonly TablesToScore[];
  /** Frees tables that were produced for these scores alone. */
  readonly close?: () => Promise<void>;
}

/** The share of the memory that tables may take while they wait. */
const SHARE_FOR_TABLES = 0.25;
