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

it("a message and a hint are one line without control characters, whatever they quote", () => {
  const { message, hint, stack } = new RevocabError("bad_file", "a\u001b[2J\u0007\n\u202eb: found x", {
    hint: "\u009bm\r",
  });
  expect(message).toBe("a\\x1b[2J\\x07\\n\\u{202e}b: found x");
  expect(hint).toBe("\\u{9b}m\\r");
  expect(stack).not.toContain("\u001b");
});

it("shown again in another message, a message stays as it is", () => {
  const { message } = new RevocabError("bad_file", "a\u001b\\n\n");
  expect(new RevocabError("gate_failed", message).message).toBe(message);
});

it("of a long message the start, which names the file, and the end, which says what was expected, are kept", () => {
  for (const filling of ["x", "\u009b", "👋", "\ud83d"]) {
    const { message } = new RevocabError("bad_file", `/a/file: found ${filling.repeat(1e5)}, expected y`);
    expect(message.length).toBeLessThanOrEqual(2000);
    expect([...message].length).toBeLessThanOrEqual(1000);
    expect(message).toMatch(/^\/a\/file: found .*….*, expected y$/);
    expect(message).not.toMatch(/[\p{Cc}\p{Cs}]/u);
  }
});
