import {
  type Job,
  type LanguageModel,
  quote,
  RevocabError,
  type ScoreQuery,
  type TokenId,
} from "@revocab/core";
import { forEachOf, type PatienceOptions } from "@revocab/http/internal";
import { z } from "zod";
import { type ModelServer, type ModelServerOptions, modelServer } from "./model-server.ts";
import {
  completionRequest,
  type Dialect,
  logarithmAt,
  type PromptScores,
  REQUEST_FORMS,
  type RequestForm,
  readPromptScores,
  unfit,
} from "./prompt-scores.ts";

export interface OpenServedModelOptions extends ModelServerOptions, PatienceOptions {
  /** The model's name at the server. @default the only one that the server lists */
  readonly servedModel?: string;
  /** V: highest id of the model's tokenizer + 1. */
  readonly vocabularySize: number;
  /** The longest sequence, where the server does not say it. */
  readonly contextLength?: number;
  /** Requests under way at once. @default 8 */
  readonly requests?: number;
}

/** A causal model that a server runs. */
export interface ServedModel extends LanguageModel {
  readonly kind: "causal";
  /** The server's address. */
  readonly server: string;
  /** The model's name there. */
  readonly servedModel: string;
  readonly dialect: Dialect;
  /**
   * Whether the server names the ids of the tokens that it scores, and they are compared with those that were sent. Else only
   * their number is.
   */
  readonly hasIds: boolean;
  /**
   * How the server encodes a text, without special tokens around it; undefined where it does not say.
   * @throws RevocabError `server_unreachable`, `server_denied`, `aborted`
   */
  encode(text: string, job?: Job): Promise<readonly number[] | undefined>;
}

/**
 * Opens a model behind an OpenAI-compatible completions endpoint: asks for its name and its context length, and finds out how
 * the server is asked for the log-probabilities of a prompt. Prompts are token ids, so the server's tokenizer does not matter.
 *
 * Its `score` sends one request a query, several at once, and reports progress with each answer. `distributions` is refused.
 *
 * @throws RevocabError `unsupported_server` when it does not score prompts; `server_denied`, `server_unreachable`,
 *   `server_failed`; `bad_options`; `aborted`
 */
export async function openServedModel({
  servedModel: wanted,
  vocabularySize,
  contextLength: given,
  requests = 8,
  job,
  ...options
}: OpenServedModelOptions): Promise<ServedModel> {
  if (!Number.isInteger(requests) || requests < 1 || requests > MOST_REQUESTS) {
    throw new RevocabError(
      "bad_options",
      `\`requests\` is ${requests}, expected a whole number between 1 and ${MOST_REQUESTS}`,
      { hint: "take as many as the server works on at once" },
    );
  }
  const server = modelServer(options);
  const { name, contextLength } = await findModel(server, wanted, given, job);
  const { form, hasIds } = await findForm(server, name, job);
  return {
    kind: "causal",
    server: server.address,
    servedModel: server.quote(name),
    contextLength,
    vocabularySize,
    dialect: form.dialect,
    hasIds,
    score: (queries, job) => scoreQueries(queries, { server, name, form, hasIds, requests, job }),
    distributions: () =>
      Promise.reject(
        new RevocabError(
          "unsupported_server",
          "a server gives the probabilities of single tokens, not those of the whole vocabulary",
          { hint: "use the model's folder for this" },
        ),
      ),
    async encode(text, job) {
      const doing = "encoding a text";
      // each server takes its own names of these fields and ignores the others
      const body = {
        model: name,
        prompt: text,
        content: text,
        add_special_tokens: false,
        add_special: false,
      };
      const answer = await server.ask({ doing, path: "/tokenize", body, attempts: PROBING_ATTEMPTS }, job);
      return answer.isGood ? ENCODED.safeParse(answer.value).data?.tokens : undefined;
    },
  };
}

const MOST_REQUESTS = 1024;
/** A refusal with 500 stays one however often it is tried: llama.cpp refuses `echo` so. */
const PROBING_ATTEMPTS = 2;

const ENCODED = z.object({ tokens: z.array(z.int()) });
const LISTING = z.object({
  data: z.array(z.object({ id: z.string(), max_model_len: z.int().positive().nullish() })),
});

/**
 * The name of the model, and its context length: a token fewer than the server's, because with every prompt a token is
 * generated.
 */
async function findModel(
  server: ModelServer,
  wanted: string | undefined,
  given: number | undefined,
  job: Job | undefined,
): Promise<{ readonly name: string; readonly contextLength: number }> {
  const doing = "listing the models";
  const answer = await server.ask({ doing, path: "models", attempts: PROBING_ATTEMPTS }, job);
  const listed = answer.isGood ? LISTING.safeParse(answer.value).data?.data : undefined;
  if (listed === undefined && wanted === undefined) {
    throw answer.isGood
      ? unfit("listed its models in another way than OpenAI's", "pass `servedModel` and `contextLength`")
      : server.refused(answer, doing);
  }
  const models = listed ?? [];
  const model =
    wanted === undefined && models.length === 1 ? models[0] : models.find(({ id }) => id === wanted);
  if (model === undefined && (wanted === undefined || models.length > 0)) {
    const names = models.map(({ id }) => server.quote(id)).join(", ");
    throw new RevocabError(
      "bad_options",
      `${wanted === undefined ? "no model was named" : `there is no model ${quote(wanted)}`}, but ${server.address} lists ${names || "none"}`,
      {
        hint:
          models.length > 0 ? "pass one of them as `servedModel`" : "pass `servedModel` and `contextLength`",
      },
    );
  }
  const contextLength = model?.max_model_len ? model.max_model_len - 1 : given;
  if (contextLength !== undefined) return { name: wanted ?? (model?.id as string), contextLength };
  throw new RevocabError("bad_options", `${server.address} does not say how long the model's context is`, {
    hint: "pass `contextLength`, at most that of the model",
  });
}

/** Any ids will do: an answer to them shows whether and how prompts are scored. */
const PROBE = Uint32Array.of(0, 1, 0);

/** The first form in which the server scores a prompt. */
async function findForm(
  server: ModelServer,
  name: string,
  job: Job | undefined,
): Promise<Pick<Scoring, "form" | "hasIds">> {
  const doing = "trying how prompts are scored";
  const reasons: string[] = [];
  for (const form of REQUEST_FORMS) {
    const body = completionRequest(name, PROBE, form);
    const answer = await server.ask({ doing, path: "completions", body, attempts: PROBING_ATTEMPTS }, job);
    if (!answer.isGood) {
      if (IS_OF_THE_SERVER.has(answer.status)) throw server.refused(answer, doing);
      reasons.push(`to ${form.dialect} it answered ${server.wordingOf(answer)}`);
      continue;
    }
    const scores = readPromptScores(PROBE, answer.value, form.dialect);
    if (!("absent" in scores)) return { form, hasIds: scores.hasIds };
    reasons.push(`to ${form.dialect} it ${scores.absent}`);
  }
  throw new RevocabError(
    "unsupported_server",
    `${server.address} does not score the tokens of a prompt: ${[...new Set(reasons)].join("; ")}`,
    { hint: "serve the model with vLLM or SGLang, whose completions endpoints do" },
  );
}

/** Says nothing about the form: no such address or model, too many requests, a proxy without a server. */
const IS_OF_THE_SERVER: ReadonlySet<number> = new Set([404, 429, 502, 503, 504]);

interface Scoring {
  readonly server: ModelServer;
  readonly name: string;
  readonly form: RequestForm;
  readonly hasIds: boolean;
  readonly requests: number;
  readonly job: Job | undefined;
}

async function scoreQueries(
  queries: readonly ScoreQuery[],
  { requests, ...scoring }: Scoring,
): Promise<Float32Array[]> {
  const results = queries.map(({ positions }) => new Float32Array(positions.length));
  const prompts = queries.flatMap((query, index) =>
    promptsOf(query).map((prompt) => ({ ...prompt, results: results[index] as Float32Array })),
  );
  const total = prompts.reduce((sum, { reads }) => sum + reads.length, 0);
  let done = 0;
  await forEachOf(prompts, requests, async ({ tokens, reads, results }, signal) => {
    const scores = await scorePrompt(tokens, { ...scoring, signal });
    for (const { index, at } of reads) results[index] = logarithmAt(scores, tokens, at);
    done += reads.length;
    scoring.job?.onProgress?.({ type: "progress", step: "score", done, total, unit: "tokens" });
  });
  return results;
}

async function scorePrompt(
  tokens: Uint32Array,
  { server, name, form, hasIds, job, signal }: Omit<Scoring, "requests"> & { readonly signal: AbortSignal },
): Promise<PromptScores> {
  const doing = `scoring ${tokens.length} tokens`;
  const body = completionRequest(name, tokens, form);
  const answer = await server.ask({ doing, path: "completions", body, signal }, job);
  if (!answer.isGood) throw server.refused(answer, doing);
  const scores = readPromptScores(tokens, answer.value, form.dialect);
  if ("absent" in scores) throw unfit(scores.absent);
  if (hasIds && !scores.hasIds) throw unfit("named the ids of the tokens that it scores, and now does not");
  return scores;
}

/** Tokens that are sent, and where scores are read in the answer. */
interface Prompt {
  readonly tokens: Uint32Array;
  /** Index into the query's positions, and the place in `tokens` of the token to score. */
  readonly reads: readonly { readonly index: number; readonly at: number }[];
}

/**
 * The prompts whose tokens are what a query asks for. The tokens of a query and the target of its last position are one prompt,
 * in which every target is scored that stands in the text itself; another one gets a prompt of its own.
 */
function promptsOf({ tokens, positions, targets }: ScoreQuery): readonly Prompt[] {
  const last = positions.lastIndexOf(tokens.length - 1);
  const text = last < 0 ? tokens : followedBy(tokens, targets[last] as number);
  const reads = Array.from(positions, (position, index) => ({ index, at: position + 1 }));
  const isInText = ({ index, at }: { index: number; at: number }) => text[at] === targets[index];
  const inText = reads.filter(isInText);
  const others = reads.filter((read) => !isInText(read));
  return [
    ...(inText.length === 0 ? [] : [{ tokens: text, reads: inText }]),
    ...others.map(({ index, at }) => ({
      tokens: followedBy(tokens.subarray(0, at), targets[index] as number),
      reads: [{ index, at }],
    })),
  ];
}

function followedBy(tokens: Uint32Array, id: TokenId): Uint32Array {
  const joined = new Uint32Array(tokens.length + 1);
  joined.set(tokens);
  joined[tokens.length] = id;
  return joined;
}
