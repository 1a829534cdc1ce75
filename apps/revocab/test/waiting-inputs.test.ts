import { execFileSync } from "node:child_process";
import { constants, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL } from "@revocab/test-support/sample";
import { beforeEach, describe, expect, it } from "vitest";
import { expectOneFailure, type Finished, type RunOptions, revocab } from "./revocab.ts";
import { shardModel } from "./safetensors.ts";
import { type Workplace, workplace } from "./workplace.ts";

const scratch = scratchFolders();
let at: Workplace;
let pipe: string;

const swap = (...more: string[]) => ["swap", at.model, "--tokenizer", at.tokenizer, "--out", at.out, ...more];

/** Far more than the second that is promised after Ctrl-C: other tests take the machine's time. */
const PATIENCE_MS = 60_000;

describe.skipIf(process.platform === "win32")("inputs that no one can wait for", () => {
  beforeEach(() => {
    const place = scratch();
    at = workplace(place);
    pipe = join(place, "pipe");
    execFileSync("mkfifo", [pipe]);
  });

  describe("Ctrl-C", () => {
    it.each([
      ["swap", () => swap("--eval", pipe)],
      ["eval, which only reads", () => ["eval", at.model, "--text", pipe]],
    ])("ends %s while it waits for the rest of a pipe", async (_, args) => {
      const ended = await stopped(args(), (child) => {
        let writer: FileHandle | undefined;
        // a pipe can be opened for writing once someone reads it
        const start = async () => {
          while (writer === undefined) {
            writer = await open(pipe, constants.O_WRONLY | constants.O_NONBLOCK).catch(() => undefined);
            await setTimeout(20);
          }
          await writer.write("some text that goes on");
          await setTimeout(100);
          child.kill("SIGINT");
        };
        return { started: start(), close: () => writer?.close() };
      });
      expect(ended).toMatchObject({ code: 130, signal: null, stdout: "" });
      expect(ended.stderr).toContain("revocab: stopped; nothing was written\n");
      expect(readdirSync(at.place)).toEqual([]);
    });

    it("ends a command whose disk does not answer, and removes what it staged and the folders made for it", async () => {
      const out = join(at.place, "new", "deep", "out");
      const ended = await stopped(["swap", at.model, "--tokenizer", at.tokenizer, "--out", out], undefined, {
        env: { HANG_AT: "write …", HANG_PIPE: pipe },
        preload: "hang-at.mjs",
      });
      expect(ended).toMatchObject({ code: null, signal: "SIGINT", stdout: "" });
      expect(ended.stderr).toContain(
        "revocab: stopped in the middle of a step; what was not finished is removed\n",
      );
      expect(readdirSync(at.place)).toEqual([]);
    });
  });

  describe("a file of the model that is a pipe, a socket or a device is refused at once", () => {
    it.each([
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "tokenizer.json",
      "tokenizer_config.json",
      "modules.json",
      "adapter_config.json",
    ])("%s", async (name) => {
      const path = join(at.model, name);
      writeFileSync(join(at.model, "adapter_model.safetensors"), ""); // without it no one asks for the adapter's config
      const server = createServer();
      const kinds = [
        () => execFileSync("mkfifo", [path]),
        () => server.listen(path),
        () => symlinkSync("/dev/zero", path),
      ];
      for (const put of name === "config.json" ? kinds : kinds.slice(0, 1)) {
        rmSync(path, { force: true });
        put();
        await setTimeout(10);
        const ended = await withPatience(revocab([...swap(), "--quiet"]));
        expect(ended).toMatchObject({ code: 1, signal: null, stdout: "" });
        expectOneFailure(
          ended,
          new RegExp(`${path}: found a .*expected a regular file|${path} leads to /dev/zero`),
        );
        expect(readdirSync(at.place)).toEqual([]);
      }
      server.close();
    });

    it("among the files that are carried", async () => {
      execFileSync("mkfifo", [join(at.model, "LICENSE")]);
      const ended = await withPatience(revocab([...swap(), "--json"]));
      expect(ended.code).toBe(0);
      expect(JSON.parse(ended.stdout).companions.left).toContainEqual({
        name: "LICENSE",
        reason: "no ordinary file",
      });
    });
  });

  it.each([
    ["a chat template", () => swap("--chat-template", "/dev/zero")],
    ["a text", () => swap("--eval", "/dev/zero")],
    ["a plan", () => ["apply", "/dev/zero", "--model", at.model, "--out", at.out]],
    ["a corpus", () => ["extend", at.model, "--learn", pipe, "--add", "5", "--out", at.out]],
    ["vectors", () => ["vectors", "nearest", pipe, "word"]],
  ])("%s that is a device, or a pipe where it cannot be one, is refused", async (_, args) => {
    const ended = await withPatience(revocab([...args(), "--quiet"]));
    expect(ended).toMatchObject({ signal: null, stdout: "" });
    expectOneFailure(ended, /found a (device|pipe), expected a (regular|text) file/);
    expect(readdirSync(at.place)).toEqual([]);
  });
});

it.skipIf(process.platform === "win32")(
  "a model of more shards than may be open at a time is swapped",
  async () => {
    at = workplace(scratch());
    const model = join(at.inputs, "shards");
    shardModel(SAMPLE_MODEL, model, 450);
    const ended = await revocab(["swap", model, "--tokenizer", at.tokenizer, "--out", at.out, "--quiet"], {
      openFiles: 256,
    });
    expect(ended.stderr).toBe("");
    expect(readdirSync(at.out).filter((name) => name.endsWith(".safetensors"))).toHaveLength(450);
  },
);

/** Runs the command, and fails where it does not end. */
async function stopped(
  args: readonly string[],
  start?: (child: { kill(signal: "SIGINT"): boolean }) => { started: Promise<void>; close(): unknown },
  options: RunOptions = {},
): Promise<Finished> {
  let running: ReturnType<NonNullable<typeof start>> | undefined;
  const finished = revocab(args, {
    ...options,
    onStart: (child) => {
      running = start?.(child);
    },
  });
  await running?.started;
  try {
    return await withPatience(finished);
  } finally {
    await running?.close();
  }
}

async function withPatience(finished: Promise<Finished>): Promise<Finished> {
  const late = new AbortController();
  try {
    return await Promise.race([
      finished,
      setTimeout(PATIENCE_MS, undefined, { signal: late.signal }).then(() =>
        Promise.reject(new Error("the command went on for a minute")),
      ),
    ]);
  } finally {
    late.abort();
  }
}
