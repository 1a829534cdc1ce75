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
  | "context_too_long"
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
  | "not_finite"
  | "output_exists"
  | "shape_mismatch"
  | "token_id_unmapped"
  | "unknown_method"
  | "unknown_tensor"
  | "unsupported_architecture"
  | "unsupported_checkpoint"
  | "unsupported_dtype"
  | "unsupported_tokenizer"
  | "write_failed";

/**
 * A failure the user can act on. The message says what was found and what was expected; `hint` says what to do.
 */
export class RevocabError extends Error {
  override readonly name = "RevocabError";
  readonly code: RevocabErrorCode;
  readonly hint: string | undefined;

  constructor(code: RevocabErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}
