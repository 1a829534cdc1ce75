import { RevocabError } from "@revocab/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { asFailure, exitCodeOf, printFailure } from "../src/failure.ts";

describe("asFailure", () => {
  it("keeps code, message and hint of a failure of ours, and shows no stack", () => {
    const failure = asFailure(
      new RevocabError("bad_plan", "x is no plan", { hint: "make it again" }),
      "revocab",
    );
    expect(failure).toEqual({ code: "bad_plan", message: "x is no plan", hint: "make it again" });
    expect(exitCodeOf(failure)).toBe(1);
  });

  it("points to the help where wrong usage has no hint of its own", () => {
    const failure = asFailure(new RevocabError("bad_options", "seed is −1"), "revocab swap");
    expect(failure.hint).toMatch(/^run revocab swap --help/);
    expect(exitCodeOf(failure)).toBe(2);
  });

  it.each([
    ["EACCES", /permissions/],
    ["ENOSPC", /free space/],
    ["EXDEV", /the system refused this for \/x/],
  ])("tells what to do about the system's %s, without a stack", (code, hint) => {
    const error = Object.assign(new Error(`${code}: no, open '/x'`), { code, syscall: "open", path: "/x" });
    expect(asFailure(error, "revocab")).toEqual({
      message: error.message,
      hint: expect.stringMatching(hint),
    });
  });

  it("calls anything else a fault of revocab and shows where it was", () => {
    const failure = asFailure(new TypeError("x is undefined"), "revocab");
    expect(failure.message).toBe("unexpected failure: x is undefined");
    expect(failure.hint).toContain("report it");
    expect(failure.stack).toContain("failure.test.ts");
    expect(asFailure("text", "revocab").message).toBe("unexpected failure: text");
  });
});

describe("printFailure", () => {
  const written = { stdout: "", stderr: "" };
  beforeEach(() => {
    for (const name of ["stdout", "stderr"] as const) {
      written[name] = "";
      vi.spyOn(process[name], "write").mockImplementation((text) => {
        written[name] += String(text);
        return true;
      });
    }
  });
  afterEach(() => vi.restoreAllMocks());

  it("keeps a message that quotes a file on one line, and its control characters off the terminal", () => {
    printFailure({ message: 'bad "{\n  \u001b[2Jx"', hint: "a\r\nb" }, false);
    expect(written).toEqual({ stdout: "", stderr: 'revocab: bad "{\\n  \\x1b[2Jx"\n  → a\\r\\nb\n' });
  });

  it("with json gives the same as one value on stdout", () => {
    printFailure({ code: "no_space", message: "full", hint: "free some" }, true);
    expect(JSON.parse(written.stdout)).toEqual({
      error: { code: "no_space", message: "full", hint: "free some" },
    });
    expect(written.stderr).toBe("revocab: full\n  → free some\n");
  });
});
