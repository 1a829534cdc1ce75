import { RevocabError } from "@revocab/core";
import type { Engine } from "@revocab/loopback-hub";
import { randomStream } from "@revocab/matrix";
import { describe, expect, it } from "vitest";
import { completionRequest, REQUEST_FORMS, readPromptScores } from "../src/prompt-scores.ts";
import { failureOf, open, QUERY, serve } from "./serving.ts";

/** What the loopback server answers. */
interface Answer {
  choices: [Choice];
  usage: object | undefined;
}
interface Choice {
  logprobs: { tokens: string[] | undefined; token_logprobs: (number | null)[] };
  prompt_logprobs: (object | null)[];
  prompt_token_ids: number[] | undefined;
}

describe("scores of other tokens than those sent are refused", () => {
  it.each(["vllm", "sglang", "prompt-logprobs", "strict"] as const)(
    "where the server puts a token before the prompt, with the ways of %s",
    async (engine) => {
      const { code, message, hint } = await failureOf(open(await serve({ engine, begin: 1 })));
      expect(code).toBe("server_failed");
      expect(message).toBe("the server read 4 tokens where 3 were sent");
      expect(hint).toMatch(/adds no special tokens/);
    },
  );

  it.each<[string, Engine, (answer: Answer) => void, string, RegExp]>([
    [
      "with other ids",
      "vllm",
      ({ choices: [choice] }) => {
        choice.prompt_token_ids = [5, 6, 99, 8];
      },
      "server_failed",
      /read the token with id 99 at place 3, where 7 was sent$/,
    ],
    [
      "named with other ids",
      "vllm",
      ({ choices: [choice] }) => {
        choice.prompt_token_ids = undefined;
        choice.logprobs.tokens = ["token_id:5", "token_id:99", "token_id:7", "token_id:8"];
      },
      "server_failed",
      /read the token with id 99 at place 2, where 6 was sent$/,
    ],
    [
      "no more named",
      "vllm",
      ({ choices: [choice] }) => {
        choice.prompt_token_ids = undefined;
        choice.logprobs.tokens = undefined;
      },
      "server_failed",
      /named the ids of the tokens that it scores, and now does not$/,
    ],
    [
      "by the ids of others",
      "prompt-logprobs",
      ({ choices: [choice] }) => {
        choice.prompt_logprobs[1] = { 99: { logprob: -1 } };
      },
      "server_failed",
      /other tokens than the one with id 6, which was sent at place 2$/,
    ],
    [
      "in too small a number",
      "sglang",
      ({ choices: [choice] }) => void choice.logprobs.token_logprobs.splice(1),
      "server_failed",
      /gave 1 log-probabilities for a prompt of 4 tokens$/,
    ],
    [
      "in too large a number",
      "sglang",
      ({ choices: [choice] }) => void choice.logprobs.token_logprobs.push(-1),
      "server_failed",
      /gave 6 log-probabilities for 4 tokens and one more$/,
    ],
    [
      "too many by ids",
      "prompt-logprobs",
      ({ choices: [choice] }) => void choice.prompt_logprobs.push(null),
      "server_failed",
      /gave 5 log-probabilities for 4 tokens$/,
    ],
    [
      "with a score of the first",
      "sglang",
      ({ choices: [choice] }) => {
        choice.logprobs.token_logprobs[0] = -1;
      },
      "server_failed",
      /scored the first token, before which nothing was sent$/,
    ],
    [
      "uncounted",
      "sglang",
      (answer) => {
        answer.usage = undefined;
      },
      "server_failed",
      /says neither how many tokens it read nor which$/,
    ],
    [
      "without one",
      "vllm",
      ({ choices: [choice] }) => {
        choice.logprobs.token_logprobs[2] = null;
      },
      "server_failed",
      /gave no log-probability for the token with id 7 at place 3 of a prompt$/,
    ],
    [
      "with a positive one",
      "vllm",
      ({ choices: [choice] }) => {
        choice.logprobs.token_logprobs[2] = 0.5;
      },
      "server_failed",
      /gave the log-probability 0\.5 for .*, expected at most 0$/,
    ],
    [
      "with what stands for minus infinity",
      "vllm",
      ({ choices: [choice] }) => {
        choice.logprobs.token_logprobs[2] = -9999;
      },
      "not_finite",
      /gave the log-probability -9999 for .*; it stands for minus infinity$/,
    ],
    [
      "without a choice",
      "vllm",
      (answer) => {
        Object.assign(answer, { choices: [] });
      },
      "server_failed",
      /answered something that is no completion \(choices/,
    ],
  ])("%s", async (_, engine, change, code, message) => {
    const server = await serve({ engine });
    const model = await open(server);
    const mutate = (body: string) => {
      const answer = JSON.parse(body) as Answer;
      change(answer);
      return JSON.stringify(answer);
    };
    server.misbehave({ path: /completions/, fault: { kind: "mutate", change: mutate } });
    const error = await failureOf(model.score([QUERY]));
    expect(error.message).toMatch(message);
    expect(error.code).toBe(code);
  });
});

it("an answer with any part replaced is scored or refused by a RevocabError with a hint", async () => {
  const tokens = Uint32Array.of(5, 6, 7, 8);
  const server = await serve();
  const outcomes = new Set<string>();
  for (const [formIndex, form] of REQUEST_FORMS.entries()) {
    const body = JSON.stringify(completionRequest("sample", tokens, form));
    const answer = await (await fetch(`${server.url}/completions`, { method: "POST", body })).text();
    for (let round = 0; round < 400; round++) {
      const { uniform } = randomStream(formIndex, round);
      const pick = <T>(values: readonly T[]): T => values[Math.floor(uniform() * values.length)] as T;
      const mutant = JSON.parse(answer) as object;
      const [holder, key] = pick(placesIn(mutant));
      Reflect.set(holder, key, pick(REPLACEMENTS));
      try {
        const scores = readPromptScores(tokens, mutant, form.dialect);
        outcomes.add("absent" in scores ? "absent" : "scored");
        if ("absent" in scores) continue;
        expect(scores.logarithms).toHaveLength(tokens.length);
      } catch (error) {
        if (!(error instanceof RevocabError) || error.hint === undefined) throw error;
        outcomes.add(error.code);
      }
    }
  }
  expect([...outcomes].sort()).toEqual(["absent", "scored", "server_failed"]);
});

const REPLACEMENTS = [null, -1, Number.POSITIVE_INFINITY, -9999, "text", [], {}, [null], true, 7];

/** Every object and list within a value, with each of its keys. */
function placesIn(value: object): (readonly [object, string])[] {
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => [
    [value, key] as const,
    ...(typeof inner === "object" && inner !== null ? placesIn(inner) : []),
  ]);
}
