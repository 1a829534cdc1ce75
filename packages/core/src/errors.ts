import { showLine } from "./show-text.ts";

/** One code per failure a caller may want to tell apart. */
export type RevocabErrorCode =
  | "aborted"
  | "apply_mismatch"
  | "bad_config"
  | "bad_file"
  | "bad_options"
  | "bad_plan"
  | "bad_safetensors"
  | "bad_text"
  | "bad_tokenizer"
  | "bad_vectors"
  | "bad_vocabulary"
  | "context_too_long"
  | "device_failed"
  | "file_changed"
  | "gate_failed"
  | "hub_damaged"
  | "hub_denied"
  | "hub_failed"
  | "hub_missing"
  | "hub_unreachable"
  | "missing_dependency"
  | "missing_file"
  | "needs_untie"
  | "no_evidence"
  | "no_space"
  | "not_enough_memory"
  | "not_finite"
  | "output_exists"
  | "server_denied"
  | "server_failed"
  | "server_unreachable"
  | "shape_mismatch"
  | "token_id_unmapped"
  | "unknown_method"
  | "unknown_tensor"
  | "unknown_text"
  | "unsupported_architecture"
  | "unsupported_checkpoint"
  | "unsupported_dtype"
  | "unsupported_server"
  | "unsupported_tokenizer"
  | "write_failed";

/**
 * A failure the user can act on. The message says what was found and what was expected; `hint` says what to do. Both are
 * one line that is safe to show, whatever they quote: what {@link showLine} escapes is escaped, and of a message beyond
 * 1,000 characters (2,000 for a hint, which may hold a command) the start and the end are kept.
 */
export class RevocabError extends Error {
  override readonly name = "RevocabError";
  readonly code: RevocabErrorCode;
  readonly hint: string | undefined;

  constructor(code: RevocabErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(
      oneLine(message, LONGEST_MESSAGE),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.hint = options.hint === undefined ? undefined : oneLine(options.hint, LONGEST_HINT);
  }
}

const LONGEST_MESSAGE = 1000;
const LONGEST_HINT = 2000;

/** Cuts a long text in its middle: a message starts with a path and ends with what was expected. */
function oneLine(text: string, most: number): string {
  const shown = text.length > most ? undefined : showLine(text);
  if (shown !== undefined && shown.length <= most) return shown;
  const end = Math.floor(most / 4);
  const start = [...showLine(text.slice(0, most))].slice(0, most - end - 1);
  return `${start.join("")}…${[...showLine(text.slice(-end))].slice(-end).join("")}`;
}
