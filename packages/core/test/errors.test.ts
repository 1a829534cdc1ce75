import { RevocabError } from "@revocab/core";
import { expect, it } from "vitest";

it("a RevocabError carries its code, what to do and its cause, and is an Error with a stack", () => {
  const cause = new Error("ENOENT");
  const error = new RevocabError("missing_file", "config.json is missing", { hint: "download it", cause });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: "RevocabError", code: "missing_file", hint: "download it", cause });
  expect(error.stack).toContain("errors.test.ts");
});

it("a RevocabError without a hint or cause has none", () => {
  const error = new RevocabError("aborted", "stopped");
  expect(error.hint).toBeUndefined();
  expect("cause" in error).toBe(false);
});
