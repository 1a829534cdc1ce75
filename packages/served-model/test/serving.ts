import { RevocabError, type ScoreQuery } from "@revocab/core";
import { type LoopbackModels, type LoopbackModelsOptions, startLoopbackModels } from "@revocab/loopback-hub";
import { afterEach, expect } from "vitest";
import { type OpenServedModelOptions, openServedModel, type ServedModel } from "../src/open-served-model.ts";

export const VOCABULARY = 2048;
export const TOKEN = "sk-aTokenThatMustNotBeSeen";

const servers: LoopbackModels[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

/** Quick, and different for each token and place. */
export const handMade = async (tokens: Uint32Array) =>
  Array.from(tokens.subarray(1), (id, at) => -1 - (id % 7) - at / 8);

/** A server for one test. */
export async function serve(options: Partial<LoopbackModelsOptions> = {}): Promise<LoopbackModels> {
  const server = await startLoopbackModels({ score: handMade, longest: 64, ...options });
  servers.push(server);
  return server;
}

/** With hardly any patience. */
export const open = (
  { url }: { readonly url: string },
  options: Partial<OpenServedModelOptions> = {},
): Promise<ServedModel> =>
  openServedModel({ server: url, vocabularySize: VOCABULARY, firstDelay: 5, ...options });

export const QUERY: ScoreQuery = {
  tokens: Uint32Array.of(5, 6, 7),
  positions: Uint32Array.of(0, 1, 2),
  targets: Uint32Array.of(6, 7, 8),
};
/** Its scores by {@link handMade}. */
export const EXPECTED = [-1 - 6, -1 - 0 - 1 / 8, -1 - 1 - 2 / 8];

/** A failure that says what to do, and not the token. */
export async function failureOf(work: Promise<unknown>): Promise<RevocabError> {
  const error = await work.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(RevocabError);
  const { message, hint = "" } = error as RevocabError;
  expect(hint).not.toBe("");
  expect(message + hint).not.toContain(TOKEN);
  return error as RevocabError;
}
