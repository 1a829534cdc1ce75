import type { ProgressEvent } from "@revocab/core";
import { describe, expect, it } from "vitest";
import { openServedModel } from "../src/open-served-model.ts";
import { EXPECTED, failureOf, open, QUERY, serve, TOKEN } from "./serving.ts";

describe("a server that misbehaves", () => {
  const status = (status: number, headers = {}) => ({ kind: "status" as const, status, headers });

  it.each([
    ["fails once", status(500)],
    ["is busy", status(429, { "Retry-After": "1" })],
    ["breaks the connection", { kind: "cut" as const, after: 0 }],
  ])("and %s is asked again", async (_, fault) => {
    const server = await serve();
    const notes: string[] = [];
    const model = await open(server);
    server.misbehave({ path: /completions/, fault });
    const onProgress = (event: ProgressEvent) => void (event.type === "note" && notes.push(event.step));
    expect(await model.score([QUERY], { onProgress })).toEqual([Float32Array.from(EXPECTED)]);
    expect(notes).toEqual(["server"]);
  });

  it.each([
    ["fails", status(500), "server_failed", /answered 500, "the server was told to answer 500"$/],
    ["stays busy", status(429), "server_failed", /answered 429/],
    ["refuses", status(400), "server_failed", /scoring 4 tokens failed: .* answered 400/],
    ["has no such place", status(404), "server_failed", /answered 404/],
    ["lets nobody in", status(401), "server_denied", /answered 401/],
    [
      "breaks the connection",
      { kind: "cut" as const, after: 0 },
      "server_unreachable",
      /could not be reached/,
    ],
    [
      "answers what is cut short",
      { kind: "answer" as const, body: '{"choices":[{"logpr' },
      "server_failed",
      /answered with 19 characters that are no JSON, or cut short$/,
    ],
    [
      "answers with a page",
      { kind: "answer" as const, body: "<html>" },
      "server_failed",
      /answered with 6 characters that are no JSON/,
    ],
    [
      "answers with NaN",
      { kind: "answer" as const, body: '{"choices":[{"logprobs":{"token_logprobs":[null,NaN]}}]}' },
      "not_finite",
      /answered with NaN/,
    ],
    [
      "answers with an infinity",
      { kind: "answer" as const, body: '{"choices":[{"logprobs":{"token_logprobs":[null, -Infinity]}}]}' },
      "not_finite",
      /answered with -Infinity/,
    ],
    [
      "answers without end",
      { kind: "bomb" as const, bytes: 2e8 },
      "server_failed",
      /answered with more than 1000000 bytes$/,
    ],
    ["does not answer", { kind: "silent" as const }, "server_unreachable", /did not answer within 0\.2 s$/],
  ])("and always %s is given up", async (_, fault, code, message) => {
    const server = await serve();
    const model = await open(server, { attempts: 2, limits: { answerBytes: 1e6, workTime: 200 } });
    server.misbehave({ path: /completions/, times: Number.POSITIVE_INFINITY, fault });
    const error = await failureOf(model.score([QUERY, QUERY, QUERY]));
    expect(error.message).toMatch(message);
    expect(error.code).toBe(code);
  });

  it("and hangs is left at once when the job is stopped", async () => {
    const server = await serve();
    const model = await open(server);
    server.misbehave({ path: /completions/, times: 9, fault: { kind: "silent" } });
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 50);
    const work = model.score([QUERY, QUERY], { abortSignal: abort.signal });
    await expect(work).rejects.toMatchObject({ code: "aborted" });
    expect(server.requests.filter(({ path }) => path.endsWith("completions")).length).toBeLessThan(5);
  });

  it("and is not there is said to be so", async () => {
    const server = await serve();
    await server.close();
    expect(await failureOf(open(server))).toMatchObject({ code: "server_unreachable" });
  });
});

describe("the server's token", () => {
  it("is sent, is wanted where the server asks, and is in no message", async () => {
    const server = await serve({ token: TOKEN });
    const model = await open(server, { token: TOKEN });
    expect(JSON.stringify(model)).not.toContain(TOKEN);
    expect(server.requests.every(({ authorized }) => authorized)).toBe(true);
    const error = `no, ${TOKEN} may not`;
    server.misbehave({ path: /completions/, fault: { kind: "status", status: 403, error } });
    expect(await failureOf(model.score([QUERY]))).toMatchObject({
      code: "server_denied",
      message: expect.stringMatching(/answered 403, "no, \(hidden\) may not"$/),
    });
    expect(await failureOf(open(server))).toMatchObject({
      code: "server_denied",
      hint: expect.stringMatching(/^the server wants a token/),
    });
  });

  it("is in no message about answers that repeat it", async () => {
    const server = await serve();
    const model = await open(server, { token: TOKEN });
    const named = { choices: [{ logprobs: { token_logprobs: TOKEN, [TOKEN]: 1 } }] };
    for (const body of [TOKEN, `{"${TOKEN}`, `["${TOKEN}"]`, JSON.stringify(named)]) {
      server.misbehave({ path: /completions/, fault: { kind: "answer", body } });
      const { message } = await failureOf(model.score([QUERY]));
      expect(message).not.toContain(TOKEN.slice(0, 8));
    }
    const data = [{ id: TOKEN }, { id: "other" }];
    server.misbehave({ path: /models/, fault: { kind: "answer", body: JSON.stringify({ data }) } });
    const { message } = await failureOf(open(server, { token: TOKEN }));
    expect(message).toMatch(/lists \(hidden\), other$/);
  });

  it("does not go to another server that this one redirects to", async () => {
    const server = await serve({ token: TOKEN });
    const other = await serve({ token: TOKEN });
    const model = await open(server, { token: TOKEN });
    const before = other.requests.length;
    for (const status of [302, 307]) {
      const fault = { kind: "status" as const, status, headers: { Location: `${other.url}/completions` } };
      server.misbehave({ path: /completions/, fault });
      expect(await failureOf(model.score([QUERY]))).toMatchObject({
        code: "server_failed",
        message: expect.stringMatching(/redirects what was sent to it to 127\.0\.0\.1:\d+$/),
      });
    }
    expect(other.requests.length).toBe(before);
    const fault = { kind: "status" as const, status: 302, headers: { Location: `${other.url}/models` } };
    server.misbehave({ path: /models/, fault });
    await failureOf(open(server, { token: TOKEN }));
    expect(other.requests.slice(before)).toMatchObject([{ path: "/v1/models", authorized: false }]);
  });

  it.each(["with space", "line\n", ""])("is refused where it is none: %j", async (token) => {
    const { code, message } = await failureOf(
      openServedModel({ server: "http://127.0.0.1:9", vocabularySize: 9, token }),
    );
    expect(code).toBe("bad_options");
    expect(message).not.toContain("space");
  });
});
