import { setImmediate } from "node:timers";
import { RevocabError } from "@revocab/core";
import { GuardedProcess, type GuardedProgram, type Reply, RequestNotSent } from "@revocab/guarded-process";
import {
  type Answers,
  type BatchAnswer,
  type BatchRequest,
  type BatchType,
  type Items,
  type LibraryAnswer,
  type LibraryRequest,
  unpackIds,
} from "./messages.ts";

/** A tokenizer as it is sent to the library. */
export interface LibraryTokenizer {
  readonly key: number;
  /** Its tokenizer.json. */
  readonly json: Uint8Array;
  /** The error of every later request, once this tokenizer has crashed the library. */
  failure: Error | undefined;
}

interface Job {
  readonly tokenizer: LibraryTokenizer;
  readonly type: BatchType;
  readonly item: Items[BatchType];
  /** Characters of text, or ids. */
  readonly size: number;
  resolve(reply: Reply<Answers[BatchType]>): void;
  reject(error: unknown): void;
}

/**
 * Runs requests in a process of its own, started at the first. Requests that arrive while a batch runs are sent together as
 * the next batch: concurrent texts use all cores and cost one message. The next batch waits in the process while one runs.
 * Batches run one at a time, so a crash can be attributed to a tokenizer; the others are loaded again in a new process.
 */
class LibraryQueue {
  #process: GuardedProcess<LibraryRequest, LibraryAnswer> | undefined;
  /** The tokenizers loaded in the process, by key. */
  #loads = new Map<number, Promise<unknown>>();
  #unusedBytes = 0;
  #jobs: Job[] = [];
  #running = 0;
  #isTurning = false;

  /** Starts the process ahead of the first request, while there is other work: it takes a tenth of a second. */
  start(): void {
    this.#runningProcess();
  }

  ask<Type extends BatchType>(
    tokenizer: LibraryTokenizer,
    type: Type,
    item: Items[Type],
    size: number,
  ): Promise<Reply<Answers[Type]>> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ tokenizer, type, item, size, resolve: resolve as Job["resolve"], reject });
      this.#turn();
    });
  }

  /** The process cannot free a tokenizer that is no longer used; when there are many, it is replaced by a new process. */
  forget({ key, bytes }: { readonly key: number; readonly bytes: number }): void {
    if (this.#loads.delete(key)) this.#unusedBytes += bytes;
  }

  /** Starts a batch after this turn of the event loop, in which more requests may come. */
  #turn(): void {
    if (this.#isTurning || this.#jobs.length === 0 || this.#running === MOST_RUNNING) return;
    this.#isTurning = true;
    setImmediate(() => {
      this.#isTurning = false;
      void this.#run(this.#takeBatch());
      this.#turn();
    });
  }

  async #run(jobs: readonly Job[]): Promise<void> {
    this.#running++;
    try {
      const replies = await this.#answer(jobs);
      for (const [place, job] of jobs.entries()) job.resolve(replies[place]);
    } catch (error) {
      if (error instanceof RequestNotSent) this.#jobs.unshift(...jobs);
      else for (const job of jobs) job.reject(error);
    }
    this.#running--;
    this.#turn();
  }

  /** The first request, with others of the same kind for the same tokenizer. */
  #takeBatch(): Job[] {
    const [first] = this.#jobs;
    const batch: Job[] = [];
    let room = MOST_PER_BATCH;
    this.#jobs = this.#jobs.filter((job) => {
      const isAlike = job.tokenizer === first.tokenizer && job.type === first.type;
      if (!isAlike || (batch.length > 0 && job.size + COST_PER_ITEM > room)) return true;
      batch.push(job);
      room -= job.size + COST_PER_ITEM;
      return false;
    });
    return batch;
  }

  async #answer(jobs: readonly Job[]): Promise<readonly Reply<Answers[BatchType]>[]> {
    const [{ tokenizer, type }] = jobs;
    if (tokenizer.failure !== undefined) throw tokenizer.failure;
    try {
      const process = this.#runningProcess();
      await this.#load(process, tokenizer);
      const size = jobs.reduce((sum, job) => sum + job.size, 0);
      const request = { type, key: tokenizer.key, items: jobs.map(({ item }) => item) } as BatchRequest;
      const answer = await process.ask(request, {
        processorTime: 2_000 + size * PROCESSOR_PER_CHARACTER,
        memory: 300 + size * MEMORY_PER_CHARACTER,
      });
      return unpackAnswer(answer!);
    } catch (error) {
      if (!(error instanceof RevocabError || error instanceof RequestNotSent))
        tokenizer.failure = error as Error;
      throw error;
    }
  }

  #runningProcess(): GuardedProcess<LibraryRequest, LibraryAnswer> {
    if (this.#unusedBytes > MOST_UNUSED_BYTES && this.#running === 1) this.#process?.end();
    if (this.#process === undefined || this.#process.hasEnded) {
      this.#process = new GuardedProcess(PROGRAM);
      this.#loads = new Map();
      this.#unusedBytes = 0;
    }
    return this.#process;
  }

  #load(
    process: GuardedProcess<LibraryRequest, LibraryAnswer>,
    { key, json }: LibraryTokenizer,
  ): Promise<unknown> {
    const load =
      this.#loads.get(key) ??
      process.ask(
        { type: "load", key, json },
        {
          processorTime: 2_000 + json.length * PROCESSOR_PER_BYTE,
          memory: 200 + json.length * MEMORY_PER_BYTE,
        },
      );
    this.#loads.set(key, load);
    return load;
  }
}

const PROGRAM: GuardedProgram = {
  module: new URL("./library-process.js", import.meta.url),
  name: "the tokenizers library",
  hint: "install revocab again on this machine, for the library has a part of its own for each platform; where revocab brings none (musl, other processors): npm install tokenizers@0.23.2",
};

/** Batches in the process: one runs, one waits. */
const MOST_RUNNING = 2;
/** Characters of text in one message, and what an item counts besides; a longer text is sent alone. */
const MOST_PER_BATCH = 1 << 18;
const COST_PER_ITEM = 200;

/** Bytes of tokenizer.json; the library holds some 17 times as many. */
const MOST_UNUSED_BYTES = 1 << 24;

// In ms and MB. The slowest published tokenizers took 0.9 µs and 210 bytes per character, 50 ns and 17 bytes per byte of
// tokenizer.json. The limits are twenty times that time, and six to ten times that memory.
const PROCESSOR_PER_CHARACTER = 0.02;
const MEMORY_PER_CHARACTER = 0.002;
const PROCESSOR_PER_BYTE = 0.001;
const MEMORY_PER_BYTE = 0.0001;

export const libraryQueue = new LibraryQueue();

/** A batch's answer as replies to its items, in their order. */
function unpackAnswer(answer: BatchAnswer): readonly Reply<Answers[BatchType]>[] {
  if (answer.type === "each") return answer.replies;
  const { refusals } = answer;
  const reply = <Answer>(found: Answer, place: number): Reply<Answer> => {
    const refusal = refusals.get(place);
    return refusal === undefined ? { answer: found } : { refusal };
  };
  if (answer.type === "encode") return unpackIds(answer.texts).map(reply);
  const words = unpackIds(answer.words);
  let start = 0;
  return Array.from(answer.counts, (count, place) => {
    start += count;
    return reply(words.slice(start - count, start), place);
  });
}
