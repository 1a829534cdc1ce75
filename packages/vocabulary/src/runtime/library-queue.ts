import { setImmediate as afterThisTurn } from "node:timers/promises";
import { RevocabError } from "@revocab/core";
import { GuardedProcess, type GuardedProgram, type Reply } from "@revocab/guarded-process";
import type { BatchAnswers, BatchRequest, LibraryAnswer, LibraryRequest } from "./messages.ts";

/** A tokenizer as the library is given it. */
export interface LibraryTokenizer {
  readonly key: number;
  /** Its tokenizer.json. */
  readonly json: Uint8Array;
  /** What every later request is refused with, once the library died of this tokenizer. */
  failure: Error | undefined;
}

type BatchType = BatchRequest["type"];
/** What a request of a type is about. */
export type ItemOf<Type extends BatchType> = Extract<BatchRequest, { type: Type }>["items"][number];

interface Job {
  readonly tokenizer: LibraryTokenizer;
  readonly type: BatchType;
  readonly item: ItemOf<BatchType>;
  /** Characters of text, or ids. */
  readonly size: number;
  resolve(reply: Reply<BatchAnswers[BatchType]>): void;
  reject(error: unknown): void;
}

/**
 * Runs requests in a process of its own, started at the first. What is asked while another request runs goes there as one
 * batch, so that many texts asked at once use all cores and pay for one message. As one request runs at a time, it is known
 * which tokenizer the library died of; the others are loaded again in a new process.
 */
class LibraryQueue {
  #process: GuardedProcess<LibraryRequest, LibraryAnswer> | undefined;
  #loaded = new Set<number>();
  #unusedBytes = 0;
  #jobs: Job[] = [];
  #isRunning = false;

  ask<Type extends BatchType>(
    tokenizer: LibraryTokenizer,
    type: Type,
    item: ItemOf<Type>,
    size: number,
  ): Promise<Reply<BatchAnswers[Type]>> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ tokenizer, type, item, size, resolve: resolve as Job["resolve"], reject });
      if (this.#isRunning) return;
      this.#isRunning = true;
      void this.#run();
    });
  }

  /** The process keeps a tokenizer that nothing uses any more; when there are many, a new process takes its place. */
  forget({ key, bytes }: { readonly key: number; readonly bytes: number }): void {
    if (this.#loaded.delete(key)) this.#unusedBytes += bytes;
  }

  async #run(): Promise<void> {
    for (;;) {
      await afterThisTurn(); // in which more is asked
      if (this.#jobs.length === 0) break;
      const jobs = this.#takeBatch();
      try {
        const replies = await this.#answer(jobs);
        for (const [place, job] of jobs.entries()) job.resolve(replies[place]);
      } catch (error) {
        for (const job of jobs) job.reject(error);
      }
    }
    this.#isRunning = false;
  }

  /** The first request, with others of its kind and tokenizer. */
  #takeBatch(): Job[] {
    const [first] = this.#jobs;
    const batch: Job[] = [];
    let room = MOST_PER_BATCH;
    this.#jobs = this.#jobs.filter((job) => {
      const fits = room > 0 && job.tokenizer === first.tokenizer && job.type === first.type;
      if (fits && (batch.length === 0 || job.size <= room)) {
        batch.push(job);
        room -= job.size + COST_PER_ITEM;
        return false;
      }
      return true;
    });
    return batch;
  }

  async #answer(jobs: readonly Job[]): Promise<readonly Reply<BatchAnswers[BatchType]>[]> {
    const [{ tokenizer, type }] = jobs;
    if (tokenizer.failure !== undefined) throw tokenizer.failure;
    try {
      await this.#load(tokenizer);
      const items = jobs.map(({ item }) => item);
      const size = jobs.reduce((sum, job) => sum + job.size, 0);
      const request = { type, key: tokenizer.key, items } as BatchRequest;
      return await this.#process!.ask(request, {
        processorTime: 2_000 + size * PROCESSOR_PER_CHARACTER,
        memory: 300 + size * MEMORY_PER_CHARACTER,
      });
    } catch (error) {
      if (!(error instanceof RevocabError)) tokenizer.failure = error as Error;
      throw error;
    }
  }

  async #load({ key, json }: LibraryTokenizer): Promise<void> {
    if (this.#unusedBytes > MOST_UNUSED_BYTES) this.#process?.end();
    if (this.#process?.hasEnded !== false) {
      this.#process = new GuardedProcess(PROGRAM);
      this.#loaded.clear();
      this.#unusedBytes = 0;
    }
    if (this.#loaded.has(key)) return;
    await this.#process.ask(
      { type: "load", key, json },
      {
        processorTime: 2_000 + json.length * PROCESSOR_PER_BYTE,
        memory: 200 + json.length * MEMORY_PER_BYTE,
      },
    );
    this.#loaded.add(key);
  }
}

const PROGRAM: GuardedProgram = {
  module: new URL("./library-process.js", import.meta.url),
  name: "the tokenizers library",
  hint: "install revocab again on this machine: the library has a part of its own for each platform",
};

/** Characters of text that go in one message; one longer text goes alone. */
const MOST_PER_BATCH = 1 << 17;
const COST_PER_ITEM = 16;

/** Bytes of tokenizer.json; the library holds some 17 times as many. */
const MOST_UNUSED_BYTES = 1 << 24;

// About twenty times what the slowest published tokenizers took: 0.9 µs and 210 bytes per character, 50 ns and 17 bytes per
// byte of tokenizer.json. In ms and MB.
const PROCESSOR_PER_CHARACTER = 0.02;
const MEMORY_PER_CHARACTER = 0.002;
const PROCESSOR_PER_BYTE = 0.001;
const MEMORY_PER_BYTE = 0.0001;

export const libraryQueue = new LibraryQueue();
