import { RevocabError } from "@revocab/core";
import { namingFile } from "@revocab/files/internal";
import { expect, test } from "vitest";

const failing = (error: unknown) =>
  namingFile("/m/config.json", "bad_config", () => {
    throw error;
  }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

test("a failure that nobody foresaw becomes an error of the file that was read, with its cause", async () => {
  const overflow = (): number => 1 + overflow();
  const failures: readonly (() => unknown)[] = [
    overflow,
    () => new Array(-1),
    () => (undefined as unknown as { x: { y: 1 } }).x.y,
  ];
  for (const read of failures) {
    const error = await namingFile("/m/config.json", "bad_config", read).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RevocabError);
    expect(error).toMatchObject({
      code: "bad_config",
      message: expect.stringMatching(
        /^\/m\/config\.json: reading it failed unexpectedly with (Range|Type)Error: /,
      ),
      cause: expect.any(Error),
    });
  }
  expect(await failing("text")).toMatchObject({ code: "bad_config", cause: "text" });
});

test("errors of ours, of the system and of an abort pass as they are", async () => {
  const aborted = new AbortController();
  aborted.abort();
  for (const error of [
    new RevocabError("bad_plan", "x"),
    Object.assign(new Error("EACCES: no, open '/x'"), { code: "EACCES", syscall: "open" }),
    aborted.signal.reason,
  ]) {
    expect(await failing(error)).toBe(error);
  }
});

test("what is read is given back, from a promise too", async () => {
  expect(await namingFile("x", "bad_file", () => 1)).toBe(1);
  expect(await namingFile("x", "bad_file", async () => 2)).toBe(2);
});
