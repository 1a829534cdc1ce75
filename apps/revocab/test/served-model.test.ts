import { type LoopbackModels, startLoopbackModels } from "@revocab/loopback-hub";
import { SAMPLE_MODEL, SAMPLE_TEXT } from "@revocab/test-support/sample";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { expectOneFailure, revocab } from "./revocab.ts";

const TOKEN = "sk-aTokenThatMustNotBeSeen";
const env = { REVOCAB_SERVER_TOKEN: `${TOKEN}\n` };
let server: LoopbackModels;

beforeAll(async () => {
  // 8 bits for every token
  const score = async (tokens: Uint32Array) => Array.from(tokens.subarray(1), () => -8 * Math.LN2);
  server = await startLoopbackModels({ score, longest: 257, token: TOKEN });
});
afterAll(() => server.close());

const served = (...more: string[]) => [
  ...["eval", "--server", server.url, "--tokenizer", SAMPLE_MODEL, "--text", SAMPLE_TEXT, "--quiet"],
  ...more,
];

describe("revocab eval --server", () => {
  it("prints the figures, and what was asked for them", async () => {
    const { code, stdout, stderr } = await revocab(served(), { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /^Served as sample at http:\/\/127\.0\.0\.1:\d+\/v1\n {2}bits per byte +2\.4043\n {2}bits per token +8\.000\n/,
    );
    expect(stdout).toContain("\n  note: computed by the server in its own number format");
    expect(stdout).toContain("\n  note: the server does not say how it encodes a text");
  });

  it("says with --json what eval of a folder says, and what was asked", async () => {
    const { stdout } = await inProcess(served("--json", "--requests", "2", "--served-model", "sample"), {
      env,
    });
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ kind: "bits-per-byte", tokens: 672, scoredTokens: 672, bos: "<s>", context: 256 },
      served: { server: server.url, model: "sample", dialect: "echo" },
    });
  });

  it("sends the token of the environment, and shows it nowhere", async () => {
    const error = `who is ${TOKEN}?`;
    const finished = [await inProcess(served("--json"), { env })];
    expect(server.requests.at(-1)).toMatchObject({ authorized: true });
    server.misbehave({ path: /completions/, fault: { kind: "status", status: 400, error } });
    finished.push(await inProcess(served("--json", "--context", "50"), { env }));
    server.misbehave({ path: /models/, fault: { kind: "status", status: 403, error } });
    finished.push(await inProcess(served(), { env }));
    expectOneFailure(finished.at(-1)!, /answered 403, "who is \(hidden\)\?"\n/);
    finished.push(await inProcess(served(), { env: { REVOCAB_SERVER_TOKEN: `${TOKEN} and more` } }));
    expectOneFailure(finished.at(-1)!, /the server's token holds characters that no token has\n/);
    for (const { stdout, stderr } of finished) expect(stdout + stderr).not.toContain(TOKEN);
    const unknown = await inProcess(served(), { env: { REVOCAB_SERVER_TOKEN: "" } });
    expectOneFailure(unknown, /answered 401, "Unauthorized"\n {2}→ the server wants a token/);
  });

  it.each<[string, string[], RegExp]>([
    ["neither a model nor a server", ["eval", "--text", SAMPLE_TEXT], /neither a model nor --server/],
    [
      "both",
      ["eval", SAMPLE_MODEL, "--server", "http://127.0.0.1:8000/v1", "--text", SAMPLE_TEXT],
      /--server was given with the model .*sample\/model/,
    ],
    [
      "no tokenizer",
      ["eval", "--server", "http://127.0.0.1:8000/v1", "--text", SAMPLE_TEXT],
      /--server was given without --tokenizer/,
    ],
    ...(["--bytes", "--samples 3", "--seed 0", "--threads 1", "--ignore-tensor x"].map((flags) => [
      flags,
      [
        "eval",
        "--server",
        "http://127.0.0.1:8000/v1",
        "--tokenizer",
        "x",
        "--text",
        "x",
        ...flags.split(" "),
      ],
      new RegExp(`--server was given with ${flags.split(" ")[0]}, which`),
    ]) as [string, string[], RegExp][]),
    ...(["--served-model a", "--tokenizer a", "--requests 3"].map((flags) => [
      `${flags} without a server`,
      ["eval", SAMPLE_MODEL, "--text", "x", ...flags.split(" ")],
      new RegExp(`${flags.split(" ")[0]} was given without --server`),
    ]) as [string, string[], RegExp][]),
    [
      "an address that is none",
      ["eval", "--server", "localhost", "--tokenizer", SAMPLE_MODEL, "--text", SAMPLE_TEXT],
      /--server is no address such as http/,
    ],
  ])("refuses %s as wrong usage", async (_, args, message) => {
    const finished = await inProcess([...args, "--quiet"]);
    expect(finished).toMatchObject({ code: 2, stdout: "" });
    expectOneFailure(finished, message);
  });

  it("names the flags of what it misses", async () => {
    const finished = await inProcess(served("--served-model", "other"), { env });
    expectOneFailure(
      finished,
      /there is no model "other", but .*\/v1 lists sample\n {2}→ pass one of them as --served-model\n/,
    );
    expect(finished.code).toBe(2);
  });
});
