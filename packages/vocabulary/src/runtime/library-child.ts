import { type ChildProcess, fork } from "node:child_process";
import { RevocabError, showText } from "@revocab/core";
import {
  type Allowance,
  type Allowed,
  type LibraryAnswer,
  type LibraryRequest,
  WATCHDOG_SAYS,
} from "./messages.ts";

const PROGRAM = new URL("./library-process.js", import.meta.url);
/** Characters of what the process writes to stderr during a request: the reason stands first. */
const KEPT_STDERR = 10_000;

/** How a process ended that was asked something: killed by the library, or by its watchdog. */
export class LibraryDied extends Error {}

/**
 * A process that runs the tokenizers library, asked one thing at a time. It keeps nothing alive: an idle one does not hold
 * up the end of the program, and it ends with the program.
 */
export class LibraryChild {
  readonly #child: ChildProcess;
  readonly #started: Promise<void>;
  #hasStarted = false;
  #stderr = "";
  #waiting: { resolve(answer: LibraryAnswer): void; reject(error: Error): void } | undefined;
  #end: Error | undefined;

  constructor() {
    this.#child = fork(PROGRAM, [], {
      serialization: "advanced",
      execArgv: [],
      env: { ...process.env, RUST_BACKTRACE: "0" },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(0, KEPT_STDERR);
    });
    this.#started = new Promise((resolve, reject) => {
      const fail = (why: string) => {
        this.#end ??= this.#hasStarted ? new LibraryDied(why) : notStarted(why);
        reject(this.#end);
        this.#settle()?.reject(this.#end);
      };
      this.#child.once("message", () => {
        this.#hasStarted = true;
        this.#child.on("message", (answer) => this.#settle()?.resolve(answer as LibraryAnswer));
        resolve();
      });
      this.#child.once("error", ({ message }) => fail(message));
      // stderr has been read to its end by then
      this.#child.once("close", (code, signal) => fail(this.#reason(code, signal)));
    });
    this.#started.catch(() => {}); // whoever asks sees it
    this.#keepAlive(false);
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  end(): void {
    this.#end ??= new LibraryDied("it was ended");
    this.#child.kill("SIGKILL");
  }

  /** @throws LibraryDied when the process ends before it answers */
  async ask(request: LibraryRequest, allowance: Allowance): Promise<LibraryAnswer> {
    this.#keepAlive(true);
    try {
      await this.#started;
      return await new Promise((resolve, reject) => {
        if (this.#end !== undefined) return reject(this.#end);
        this.#waiting = { resolve, reject };
        this.#stderr = "";
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

  /** The watchdog's reason, or what the library said when it panicked. */
  #reason(code: number | null, signal: NodeJS.Signals | null): string {
    const ended = signal === null ? `it ended with exit code ${code}` : `it ended by ${signal}`;
    const lines = this.#stderr.split("\n").filter((line) => line.trim() !== "");
    const watchdog = lines.find((line) => line.startsWith(WATCHDOG_SAYS));
    if (watchdog !== undefined) return watchdog.slice(WATCHDOG_SAYS.length);
    const panic = lines.findIndex((line) => line.includes(" panicked at "));
    const said = panic === -1 ? lines.at(-1) : lines[panic + 1];
    return said === undefined ? ended : `${ended}: ${said}`;
  }
}

function notStarted(reason: string): RevocabError {
  return new RevocabError(
    "missing_dependency",
    `the tokenizers library could not be started: ${showText(reason, 200)}`,
    {
      hint: "install revocab again on this machine: the library has a part of its own for each platform",
    },
  );
}
