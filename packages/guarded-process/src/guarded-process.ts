import { type ChildProcess, fork } from "node:child_process";
import { RevocabError, showText } from "@revocab/core";
import { type Allowance, type Allowed, type Reply, WATCHDOG_SAYS } from "./messages.ts";

/** Characters of what the process writes to stderr during a request: the reason stands first. */
const KEPT_STDERR = 10_000;

/** The process ended during the request: by itself, or by its watchdog. */
export class ProcessDied extends Error {}

/** The process ended before it came to this request, which may be sent to a new process. */
export class RequestNotSent extends Error {}

/** The program's reason for not answering a request. */
export class RequestRefused extends Error {}

/** Processes that are killed at once when this one exits. */
const RUNNING = new Set<{ end(): void }>();
process.once("exit", () => {
  for (const one of RUNNING) one.end();
});

export interface GuardedProgram {
  /** A module that calls `serveRequests`. */
  readonly module: URL;
  /** For the error when it cannot be started. */
  readonly name: string;
  readonly hint: string;
}

/**
 * A process that runs a program on foreign input, which may make it crash, loop or fill memory. It handles one request at
 * a time; others wait. An idle one does not hold up the end of this program, and it ends with this program.
 */
export class GuardedProcess<Request, Answer> {
  readonly #child: ChildProcess;
  readonly #started: Promise<void>;
  #hasStarted = false;
  #stderr = "";
  /** In the order in which they were sent, which is that of their replies. */
  readonly #waiting: { resolve(reply: Reply<Answer>): void; reject(error: Error): void }[] = [];
  #end: Error | undefined;

  constructor({ module, name, hint }: GuardedProgram) {
    this.#child = fork(module, [], {
      serialization: "advanced",
      execArgv: [],
      env: environment(),
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(0, KEPT_STDERR);
    });
    this.#started = new Promise((resolve, reject) => {
      const fail = (why: string) => {
        RUNNING.delete(this);
        this.#end ??= this.#hasStarted ? new ProcessDied(why) : notStarted(name, why, hint);
        reject(this.#end);
        const [guilty, ...others] = this.#waiting.splice(0);
        guilty?.reject(this.#end);
        for (const other of others) other.reject(this.#hasStarted ? new RequestNotSent(why) : this.#end);
      };
      this.#child.once("message", () => {
        this.#hasStarted = true;
        this.#child.on("message", (reply) => {
          this.#stderr = "";
          this.#waiting.shift()?.resolve(reply as Reply<Answer>);
        });
        resolve();
      });
      this.#child.once("error", ({ message }) => fail(message));
      // stderr has been read to its end by then
      this.#child.once("close", (code, signal) => fail(this.#reason(code, signal)));
    });
    this.#started.catch(() => {}); // `ask` throws it
    this.#keepAlive(false);
    RUNNING.add(this);
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  end(): void {
    this.#end ??= new ProcessDied("it was ended");
    this.#child.kill("SIGKILL");
  }

  /**
   * @throws ProcessDied when the process ends during this request, also because it costs more than `allowance`; RequestNotSent
   * when it ended before; RequestRefused with the program's reason; RevocabError `missing_dependency` when the process
   * does not start
   */
  async ask(request: Request, allowance: Allowance): Promise<Answer> {
    this.#keepAlive(true);
    try {
      if (!this.#hasStarted) await this.#started;
      const reply = await new Promise<Reply<Answer>>((resolve, reject) => {
        // it did not end because of this request
        if (this.#end !== undefined)
          return reject(this.#hasStarted ? new RequestNotSent(this.#end.message) : this.#end);
        if (this.#waiting.length === 0) this.#stderr = "";
        this.#waiting.push({ resolve, reject });
        this.#child.send({ request, allowance } satisfies Allowed<Request>, (error) => {
          // a process that just died cannot be written to; its end says why
          if (error !== null && this.#child.exitCode === null) this.#child.kill("SIGKILL");
        });
      });
      if ("answer" in reply) return reply.answer;
      throw new RequestRefused(reply.refusal);
    } finally {
      if (this.#waiting.length === 0) this.#keepAlive(false);
    }
  }

  #keepAlive(isAsked: boolean): void {
    const switchTo = isAsked ? "ref" : "unref";
    this.#child[switchTo]();
    this.#child.channel?.[switchTo]();
    (this.#child.stderr as unknown as { ref(): void; unref(): void })[switchTo]();
  }

  /** The watchdog's reason, or what Rust or V8 said when they gave up. */
  #reason(code: number | null, signal: NodeJS.Signals | null): string {
    const ended = signal === null ? `it ended with exit code ${code}` : `it ended by ${signal}`;
    const lines = this.#stderr.split("\n").filter((line) => line.trim() !== "");
    const watchdog = lines.find((line) => line.startsWith(WATCHDOG_SAYS));
    if (watchdog !== undefined) return watchdog.slice(WATCHDOG_SAYS.length);
    const panic = lines.findIndex((line) => line.includes(" panicked at "));
    const fatal = lines.find((line) => line.startsWith("FATAL ERROR: "));
    const said = panic >= 0 ? lines[panic + 1] : (fatal ?? lines.at(-1));
    return showText(said === undefined ? ended : `${ended}: ${said}`, 200);
  }
}

/** The part of the environment that a program needs to run; access tokens do not belong to it. */
function environment(): NodeJS.ProcessEnv {
  const needed = Object.entries(process.env).filter(([name]) => NEEDED.test(name));
  return { ...Object.fromEntries(needed), RUST_BACKTRACE: "0" };
}

const NEEDED =
  /^(PATH|SYSTEMROOT|LD_LIBRARY_PATH|DYLD_\w+|TMPDIR|TEMP|TMP|NODE_(OPTIONS|PATH|V8_COVERAGE)|RAYON_\w+|TOKENIZERS_\w+)$/i;

function notStarted(name: string, reason: string, hint: string): RevocabError {
  return new RevocabError("missing_dependency", `${name} could not be started: ${reason}`, { hint });
}
