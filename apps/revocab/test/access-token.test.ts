import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { expectDone, filesOf, hubForEachTest, TOKEN } from "./hub-of-test.ts";
import { inProcess } from "./in-process.ts";
import { expectOneFailure } from "./revocab.ts";

const at = hubForEachTest();

describe("the access token", () => {
  it("is read from the file of hf auth login as well, and is never seen: not in output, errors, cards, reports or the cache", async () => {
    const run = (...args: string[]) => inProcess(args, { env: { ...at.env, HF_TOKEN: "" } });
    mkdirSync(at.env.HF_HOME, { recursive: true });
    writeFileSync(join(at.env.HF_HOME, "token"), `${TOKEN}\n`);
    const out = join(at.folder, "out");
    at.hub.add("me/hidden", filesOf(SAMPLE_MODEL), { private: true });
    const finished = [
      await run(
        ...["swap", "me/hidden", "--tokenizer", "org/new-tokenizer"],
        ...["--out", out, "--publish", "me/model", "--json"],
      ),
      await run("plan", "me/hidden", "--tokenizer", SAMPLE_TOKENIZER, "--out", join(at.folder, "swap.plan")),
    ];
    for (const one of finished) expectDone(one);
    expect(at.hub.requests.some(({ authorized }) => authorized)).toBe(true);

    const error = `bad token ${TOKEN} at https://storage.example/x?X-Amz-Signature=verySecret&y`;
    const attempts: [RegExp, string[]][] = [
      [
        /\/tree\//,
        ["plan", "org/small-model", "--tokenizer", "org/new-tokenizer", "--out", join(at.folder, "p")],
      ],
      [/\/preupload\//, ["publish", out, "--to", "me/third", "--json"]],
      [/\/commit\//, ["publish", out, "--to", "me/third"]],
    ];
    for (const [path, args] of attempts) {
      at.hub.misbehave({ path, fault: { kind: "status", status: 403, error } });
      const failed = await run(...args);
      expect(failed.code).toBe(1);
      expect(failed.stderr).toContain("bad token (hidden) at https://storage.example/x");
      finished.push(failed);
    }
    finished.push(
      await inProcess(["inspect", "org/small-model"], { env: { ...at.env, HF_TOKEN: `${TOKEN} and more` } }),
    );
    expectOneFailure(
      finished.at(-1)!,
      /^revocab: HF_TOKEN holds no access token: one that begins with hf_ was/,
    );
    for (const { stdout, stderr } of finished) {
      expect(stdout + stderr).not.toContain(TOKEN);
      expect(stdout + stderr).not.toMatch(/verySecret/);
    }
    const written = readdirSync(at.folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(written.length).toBeGreaterThan(15);
    for (const { parentPath, name } of written) {
      const path = join(parentPath, name);
      if (path === join(at.env.HF_HOME, "token")) continue;
      expect(readFileSync(path).includes(TOKEN), path).toBe(false);
    }
  });
});
