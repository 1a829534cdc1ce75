import { describe, expect, it } from "vitest";
import { NETWORK_LIMITS } from "../src/network-limits.ts";
import { isOfEndpoint, sendRequest } from "../src/send-request.ts";
import { errorSaid } from "../src/server-fault.ts";

const options = {
  endpoint: { address: "https://models.example/v1", name: "the server" },
  limits: NETWORK_LIMITS,
  onSent: () => undefined,
};

describe("a request", () => {
  it("to a server with encryption goes nowhere without", () =>
    expect(
      sendRequest("http://127.0.0.1:9/upload", { method: "PUT", body: "weights" }, options),
    ).rejects.toThrow(/^the server leads to 127\.0\.0\.1:9 without encryption$/));

  it("with a token goes to no other origin", () =>
    expect(
      sendRequest("https://127.0.0.1:9/", { headers: { Authorization: "Bearer secret" } }, options),
    ).rejects.toThrow(
      /^the server leads to https:\/\/127\.0\.0\.1:9, which is not its own: the access token is not sent there$/,
    ));

  it.each([
    ["https://models.example/tokenize", true],
    ["https://models.example:444/v1", false],
    ["http://models.example/v1", false],
    ["https://other.models.example/v1", false],
  ])("to %s is of the server's own origin: %s", (address, isOwn) => {
    expect(isOfEndpoint(new URL(address), options.endpoint)).toBe(isOwn);
  });
});

it.each([
  ["the Hub", { error: "Repository not found" }, "Repository not found"],
  ["OpenAI's API", { error: { message: "no such model", type: "x", code: 404 } }, "no such model"],
  ["its imitations", { object: "error", message: "too long", code: 400 }, "too long"],
  ["FastAPI", { detail: "Unauthorized" }, "Unauthorized"],
  [
    "FastAPI's checks",
    { detail: [{ loc: ["body"], msg: "Input should be a string" }] },
    "Input should be a string",
  ],
  ["nobody", { code: 1 }, ""],
  ["a page", "<html>no</html>", ""],
  ["a line", " gone away \n", "gone away"],
])("the wording of an error is found as %s has it", (_, body, said) => {
  expect(errorSaid(typeof body === "string" ? body : JSON.stringify(body))).toBe(said);
});
