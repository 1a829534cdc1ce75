import { RevocabError } from "@revocab/core";
import { z } from "zod";

/**
 * How a server is asked for the log-probabilities of a prompt's tokens: `echo`, OpenAI's own way, which vLLM and SGLang
 * speak, or `prompt_logprobs`, an extension of vLLM.
 */
export type Dialect = "echo" | "prompt_logprobs";

export interface RequestForm {
  readonly dialect: Dialect;
  /** Fields of the request. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Extensions by which a server says the ids of the tokens that it read, and adds none to them. */
const WITH_IDS = { return_token_ids: true, return_tokens_as_token_ids: true, add_special_tokens: false };

/**
 * The ways to ask, the surest first: the last one is for servers that refuse extensions. SGLang scores the prompt only for a
 * `logprobs` above 0.
 */
export const REQUEST_FORMS: readonly RequestForm[] = [
  { dialect: "echo", fields: { echo: true, logprobs: 1, ...WITH_IDS } },
  { dialect: "prompt_logprobs", fields: { prompt_logprobs: 0, ...WITH_IDS } },
  { dialect: "echo", fields: { echo: true, logprobs: 1 } },
];

/**
 * A request for one prompt. One token is generated, since SGLang takes no fewer, nor vLLM without `echo`; nobody reads it. At
 * the temperature 1 log-probabilities are those of the model where a server scales them.
 */
export function completionRequest(
  servedModel: string,
  tokens: Uint32Array,
  { fields }: RequestForm,
): Readonly<Record<string, unknown>> {
  return { model: servedModel, prompt: Array.from(tokens), max_tokens: 1, temperature: 1, ...fields };
}

export interface PromptScores {
  /** [tokens] ln P of each token given those before it; null where the server gives none, as for the first. */
  readonly logarithms: readonly (number | null)[];
  /** Whether the server says by their ids which tokens these are; else their number alone is known to be right. */
  readonly hasIds: boolean;
}

/** An answer that scores no prompt, and why. */
export interface NoScores {
  readonly absent: string;
}

// a number, infinite ones too: these are refused by name where they are read
const logarithm = z.custom<number>((value) => typeof value === "number", "expected a number");
const COMPLETION = z.object({
  choices: z.tuple([
    z.object({
      logprobs: z
        .object({
          token_logprobs: z.array(logarithm.nullable()).nullish(),
          tokens: z.array(z.string()).nullish(),
        })
        .nullish(),
      prompt_logprobs: z.array(z.record(z.string(), z.object({ logprob: logarithm })).nullable()).nullish(),
      prompt_token_ids: z.array(z.number()).nullish(),
    }),
  ]),
  usage: z.object({ prompt_tokens: z.number() }).nullish(),
});
type Choice = z.infer<typeof COMPLETION>["choices"][0];

/**
 * The scores of a prompt in a server's answer, where it is certain that they are those of the tokens that were sent: of as many,
 * and of these very ids where the server names ids.
 * @throws RevocabError `server_failed` for scores of other tokens, and for what is no completion
 */
export function readPromptScores(
  tokens: Uint32Array,
  answer: unknown,
  dialect: Dialect,
): PromptScores | NoScores {
  const parsed = COMPLETION.safeParse(answer);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    // deeper in are names that the server chose
    const place = issue?.path.slice(0, 4).join(".");
    throw unfit(`answered something that is no completion (${place}: ${issue?.message})`);
  }
  const { choices, usage } = parsed.data;
  const [choice] = choices;
  const counts = [usage?.prompt_tokens, choice.prompt_token_ids?.length].filter(
    (count) => count !== undefined,
  );
  const wrong = counts.find((count) => count !== tokens.length);
  if (wrong !== undefined) {
    throw unfit(`read ${wrong} tokens where ${tokens.length} were sent`, PREPENDS_HINT);
  }
  checkIds(tokens, choice.prompt_token_ids ?? []);
  return dialect === "echo"
    ? echoedScores(tokens, choice, counts.length > 0)
    : promptLogprobs(tokens, choice);
}

function echoedScores(
  tokens: Uint32Array,
  { logprobs, prompt_token_ids }: Choice,
  isCounted: boolean,
): PromptScores | NoScores {
  const logarithms = logprobs?.token_logprobs ?? [];
  if (logarithms.length < tokens.length) return tooFew(logarithms.length, tokens.length);
  if (logarithms.length > tokens.length + 1) {
    throw unfit(
      `gave ${logarithms.length} log-probabilities for ${tokens.length} tokens and one more`,
      PREPENDS_HINT,
    );
  }
  const named = (logprobs?.tokens ?? [])
    .slice(0, tokens.length)
    .map((name) => /^token_id:(\d+)$/.exec(name)?.[1]);
  const ids = named.flatMap((id) => (id === undefined ? [] : [Number(id)]));
  const isNamed = ids.length === tokens.length;
  if (isNamed) checkIds(tokens, ids);
  const hasIds = isNamed || (prompt_token_ids ?? []).length > 0;
  if (!hasIds && !isCounted) {
    throw unfit(
      "says neither how many tokens it read nor which",
      "it cannot be known what it scores: use vLLM or SGLang",
    );
  }
  if (!isNamed && logarithms[0] !== null) {
    throw unfit("scored the first token, before which nothing was sent", PREPENDS_HINT);
  }
  return { logarithms: logarithms.slice(0, tokens.length), hasIds };
}

function promptLogprobs(tokens: Uint32Array, { prompt_logprobs }: Choice): PromptScores | NoScores {
  const given = prompt_logprobs ?? [];
  if (given.length < tokens.length) return tooFew(given.length, tokens.length);
  if (given.length > tokens.length) {
    throw unfit(`gave ${given.length} log-probabilities for ${tokens.length} tokens`, PREPENDS_HINT);
  }
  const logarithms = given.map((of, at) => {
    if (at === 0 || of === null) return null;
    const own = of[String(tokens[at])];
    if (own !== undefined) return own.logprob;
    throw unfit(
      `gave a log-probability of other tokens than the one with id ${tokens[at]}, which was sent at place ${at + 1}`,
      PREPENDS_HINT,
    );
  });
  return { logarithms, hasIds: true };
}

/** @param ids none where the server does not name them */
function checkIds(tokens: Uint32Array, ids: readonly number[]): void {
  const wrong = ids.length === 0 ? -1 : tokens.findIndex((id, at) => id !== ids[at]);
  if (wrong < 0) return;
  throw unfit(
    `read the token with id ${ids[wrong]} at place ${wrong + 1}, where ${tokens[wrong]} was sent`,
    PREPENDS_HINT,
  );
}

function tooFew(found: number, expected: number): NoScores {
  return { absent: `gave ${found} log-probabilities for a prompt of ${expected} tokens` };
}

const PREPENDS_HINT =
  "token ids must be scored as they are sent: start the server so that it adds no special tokens to a prompt and does not cut it";

/** An answer that does not fit the request. */
export function unfit(
  what: string,
  hint = "use a server that scores prompts, such as vLLM or SGLang",
): RevocabError {
  return new RevocabError("server_failed", `the server ${what}`, { hint });
}

/** vLLM writes this for minus infinity, which JSON does not have. */
const MINUS_INFINITY = -9999;
/** Rounding may lift the logarithm of a probability near 1 above 0 by this much. */
const ROUNDING = 1e-3;

/**
 * The log-probability of the token at a place of a prompt.
 * @throws RevocabError `not_finite`, and `server_failed` for none or a positive one
 */
export function logarithmAt({ logarithms }: PromptScores, tokens: Uint32Array, at: number): number {
  const value = logarithms[at] ?? undefined;
  const which = `the token with id ${tokens[at]} at place ${at + 1} of a prompt`;
  if (value === undefined) {
    throw unfit(
      `gave no log-probability for ${which}`,
      "some servers write null for NaN and infinities: look for them in the served model's weights",
    );
  }
  if (value > ROUNDING) {
    throw unfit(`gave the log-probability ${value} for ${which}, expected at most 0`);
  }
  if (Number.isFinite(value) && value > MINUS_INFINITY) return value;
  throw new RevocabError(
    "not_finite",
    `the server gave the log-probability ${value} for ${which}, expected a finite number${value === MINUS_INFINITY ? "; it stands for minus infinity" : ""}`,
    { hint: "look for NaN, infinity or very large values in the served model's weights" },
  );
}
