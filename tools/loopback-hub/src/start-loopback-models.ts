import { type Exchange, readBody, sendError, sendJson } from "./exchange.ts";
import { type FaultRule, faults } from "./faults.ts";
import type { RequestRecord } from "./request-log.ts";
import { serveLoopback, shut, urlOf } from "./serve-loopback.ts";

/**
 * Whose ways the completions endpoint has:
 * - `vllm`: `echo` and `prompt_logprobs`, with ids;
 * - `sglang`: `echo` with a `logprobs` above 0, tokens as text, other fields ignored;
 * - `prompt-logprobs`: refuses `echo`;
 * - `strict`: `echo`, and refuses fields that OpenAI does not have;
 * - `llama.cpp`: fails at `echo`, ignores other fields;
 * - `text-only`: refuses token ids.
 */
export type Engine = "vllm" | "sglang" | "prompt-logprobs" | "strict" | "llama.cpp" | "text-only";

export interface LoopbackModelsOptions {
  /** Natural logarithms of the probabilities of tokens 1, 2, … of a prompt. */
  readonly score: (tokens: Uint32Array) => Promise<ArrayLike<number>>;
  /** @default "vllm" */
  readonly engine?: Engine;
  /** Names of the models. @default ["sample"] */
  readonly models?: readonly string[];
  /** The longest sequence, with what is generated. @default it is not said */
  readonly longest?: number;
  /** How a text is encoded. @default there is no such endpoint */
  readonly encode?: (text: string) => Promise<ArrayLike<number>>;
  /** A token that the server puts before every prompt. @default none */
  readonly begin?: number;
  /** Without it nobody is let in. @default nobody is asked */
  readonly token?: string;
}

export interface LoopbackModels {
  /** With `/v1`. */
  readonly url: string;
  /** In the order they came. */
  readonly requests: readonly RequestRecord[];
  /** Bodies of the completions that were asked for. */
  readonly completions: readonly Readonly<Record<string, unknown>>[];
  /** The most completions that were under way at once. */
  readonly mostAtOnce: () => number;
  misbehave(rule: FaultRule): void;
  close(): Promise<void>;
}

/** Starts an OpenAI-compatible server of models on 127.0.0.1. */
export async function startLoopbackModels(options: LoopbackModelsOptions): Promise<LoopbackModels> {
  const { engine = "vllm", models = ["sample"], longest, encode, token } = options;
  const requests: RequestRecord[] = [];
  const completions: Record<string, unknown>[] = [];
  const rules = faults();
  let underWay = 0;
  let most = 0;

  const complete = async (exchange: Exchange) => {
    const body = JSON.parse(await readBody(exchange)) as Record<string, unknown>;
    completions.push(body);
    most = Math.max(most, ++underWay);
    try {
      if (!models.includes(String(body.model))) {
        return sendError(exchange, 404, `The model ${String(body.model)} does not exist.`);
      }
      const refusal = refusalOf(engine, body);
      if (refusal !== undefined) return sendError(exchange, refusal.status, refusal.said);
      const tokens = Uint32Array.from([
        ...(options.begin === undefined ? [] : [options.begin]),
        ...(body.prompt as number[]),
      ]);
      if (longest !== undefined && tokens.length >= longest) {
        return sendError(
          exchange,
          400,
          `the prompt has ${tokens.length} tokens, and one more is longer than ${longest}`,
        );
      }
      sendJson(exchange, 200, completionOf(engine, body, tokens, await options.score(tokens)));
    } finally {
      underWay--;
    }
  };

  const server = await serveLoopback({
    server: "models",
    token: token ?? "",
    requests,
    rules,
    async handle(exchange) {
      const { segments, record } = exchange;
      const path = segments.join("/");
      if (token !== undefined && !record.authorized) {
        exchange.request.resume();
        return sendError(exchange, 401, "Unauthorized");
      }
      if (path === "v1/completions") return complete(exchange);
      if (path === "tokenize" && encode !== undefined) {
        const { prompt } = JSON.parse(await readBody(exchange)) as { prompt: string };
        return sendJson(exchange, 200, { tokens: Array.from(await encode(prompt)) });
      }
      exchange.request.resume();
      if (path !== "v1/models") return sendError(exchange, 404, "Not Found");
      const data = models.map((id) => ({ id, object: "model", ...(longest && { max_model_len: longest }) }));
      sendJson(exchange, 200, { object: "list", data });
    },
  });
  return {
    url: `${urlOf(server)}/v1`,
    requests,
    completions,
    mostAtOnce: () => most,
    misbehave: rules.add,
    close: () => shut(server),
  };
}

type Body = Readonly<Record<string, unknown>>;

function refusalOf(
  engine: Engine,
  body: Body,
): { readonly status: number; readonly said: string } | undefined {
  if (engine === "text-only") return { status: 422, said: "prompt must be a string." };
  if (engine === "llama.cpp" && body.echo === true) return { status: 500, said: "Only no echo is supported" };
  if (engine === "prompt-logprobs" && body.echo === true)
    return { status: 400, said: "echo is not supported" };
  const extension = Object.keys(body).find((name) => !OF_OPENAI.has(name));
  if (engine !== "strict" || extension === undefined) return undefined;
  return { status: 400, said: `Unrecognized request argument supplied: ${extension}` };
}

const OF_OPENAI: ReadonlySet<string> = new Set([
  ...["model", "prompt", "max_tokens", "temperature", "echo", "logprobs"],
]);

/** As if the token with id 0 had been generated. */
function completionOf(engine: Engine, body: Body, tokens: Uint32Array, scores: ArrayLike<number>): unknown {
  const knowsExtensions = engine === "vllm" || engine === "prompt-logprobs";
  const echoes = body.echo === true && body.logprobs === 1;
  const shown = echoes ? [...tokens, 0] : [0];
  const asIds = knowsExtensions && body.return_tokens_as_token_ids === true;
  const logarithms = echoes ? [null, ...Array.from(scores), -1] : [-1];
  return {
    object: "text_completion",
    choices: [
      {
        index: 0,
        text: "",
        logprobs:
          body.logprobs === undefined
            ? null
            : { tokens: shown.map((id) => (asIds ? `token_id:${id}` : "a")), token_logprobs: logarithms },
        ...(knowsExtensions && body.return_token_ids === true && { prompt_token_ids: Array.from(tokens) }),
        ...(knowsExtensions &&
          body.prompt_logprobs !== undefined && { prompt_logprobs: byId(tokens, scores) }),
      },
    ],
    usage: { prompt_tokens: tokens.length, completion_tokens: 1, total_tokens: tokens.length + 1 },
  };
}

function byId(tokens: Uint32Array, scores: ArrayLike<number>): unknown {
  return Array.from(tokens, (id, at) =>
    at === 0 ? null : { [id]: { logprob: scores[at - 1], rank: 1, decoded_token: "a" } },
  );
}
