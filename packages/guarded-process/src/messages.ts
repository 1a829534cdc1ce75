/** What a request may cost. */
export interface Allowance {
  /** Processor time in ms, of all threads of the process. */
  readonly processorTime: number;
  /** By how much the memory of the process may grow, in MB. */
  readonly memory: number;
}

/** A request on its way, with what it may cost. */
export interface Allowed<Request> {
  readonly request: Request;
  readonly allowance: Allowance;
}

/** An answer, or the reason why there is none. */
export type Reply<Answer> = { readonly answer: Answer } | { readonly refusal: string };

/** The first message of a program: it is ready for requests. */
export const STARTED = "started";

/** What the watchdog's line on stderr begins with; the rest is the reason. */
export const WATCHDOG_SAYS = "watchdog: ";
