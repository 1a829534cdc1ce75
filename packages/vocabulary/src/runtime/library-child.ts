import { type ChildProcess, fork } from "node:child_process";
import { RevocabError, showText } from "@revocab/core";
import type { Allowance, Allowed, LibraryAnswer, LibraryRequest } from "./messages.ts";

const PROGRAM = new URL("./library-process.js", import.meta.url);
/** Of what the process wrote to stderr, enough for a reason. */
const KEPT_STDERR = 2_000;

/** How a process ended that was asked something: killed by the library, or by its watchdog. */
export class LibraryDied extends Error {}

/**
 * A process that runs the tokenizers library, asked one thing at a time. It keeps nothing alive: an idle one does not hold
 * up the end of the program, and it ends with the program.
 */
export class LibraryChild {
  readonly #child: ChildProcess;
  readonly #started: Promise<void>;
  #stderr = "";
  #waiting: { resolve(answer: LibraryAnswer): void; reject(error: Error): void } | undefined;
  #end: Error | undefined;

  constructor() {
    this.#child = fork(PROGRAM, [], {
      serialization: "advanced",
      execArgv: [],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT_STDERR);
    });
    let hasStarted = false;
    this.#started = new Promise((resolve, reject) => {
      this.#child.once("message", () => {
        hasStarted = true;
        this.#child.on("message", (answer) => this.#settle()?.resolve(answer as LibraryAnswer));
        resolve();
      });
      const fail = (error: Error) => {
        this.#end ??= error;
        reject(this.#end);
        this.#settle()?.reject(this.#end);
      };
      this.#child.once("error", fail);
      // stderr has been read to its end by then
      this.#child.once("close", (code, signal) => {
        fail(hasStarted ? new LibraryDied(this.#reason(code, signal)) : notStarted(this.#lastLine()));
      });
    });
    this.#started.catch(() => {}); // whoever asks sees it
    this.#keepAlive(false);
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** @throws LibraryDied when the process ends before it answers */
  async ask(request: LibraryRequest, allowance: Allowance): Promise<LibraryAnswer> {
    this.#keepAlive(true);
    try {
      await this.#started;
      return await new Promise((resolve, reject) => {
        if (this.#end !== undefined) return reject(this.#end);
        this.#waiting = { resolve, reject };
        this.#child.send({ request, allowance } satisfies Allowed<LibraryRequest>, (error) => {
          // a process that just died cannot be written to; its end says why
          if (error !== null && !this.#child.killed && this.#child.exitCode === null)
            this.#child.kill("SIGKILL");
        });
      });
    } finally {
      this.#keepAlive(false);
    }
  }

  #settle() {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }

  #keepAlive(isAsked: boolean): void {
    const switchTo = isAsked ? "ref" : "unref";
    this.#child[switchTo]();
    this.#child.channel?.[switchTo]();
    (this.#child.stderr as unknown as { ref(): void; unref(): void })[switchTo]();
  }

  #reason(code: number | null, signal: NodeJS.Signals | null): string {
    const line = this.#lastLine();
    const how = signal === null ? `it ended with exit code ${code}` : `it ended by ${signal}`;
    return line === "" ? how : /^it /.test(line) ? line : `${how}: ${line}`;
  }

  #lastLine(): string {
    return showText(this.#stderr.trimEnd().split("\n").at(-1) ?? "", 200);
  }
}

function notStarted(line: string): RevocabError {
  return new RevocabError("missing_dependency", `the tokenizers library could not be started: ${line}`, {
    hint: "install revocab again on this machine: the library has a part of its own for each platform",
  });
}
