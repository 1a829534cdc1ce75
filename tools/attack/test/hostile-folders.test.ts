import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { describe, expect, it } from "vitest";
import { runCommand } from "../run-command.mjs";
import { expectRefused, expectSafe, IS_POSIX, type Place, placeIn } from "./places.ts";

const scratch = scratchFolders();
const READ = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];

const inspect = ({ model }: Place) => runCommand(["inspect", model]);
const swap = ({ model, tokenizer, out }: Place, ...more: string[]) =>
  runCommand(["swap", model, "--tokenizer", tokenizer, "--out", out, ...more]);

/** What is no regular file, by name; each makes it at a path. */
const STRANGE: Readonly<Record<string, (path: string) => void | Promise<void>>> = {
  "a pipe": (path) => void execFileSync("mkfifo", [path]),
  "a device": (path) => symlinkSync("/dev/zero", path),
  "a socket": (path) =>
    new Promise((resolve) => {
      const server = createServer().listen(path, resolve);
      server.unref();
    }),
  "a folder": (path) => void mkdirSync(path),
  "a link to itself": (path) => symlinkSync(path, path),
  "a dangling link": (path) => symlinkSync(join(path, "../nowhere"), path),
  "a file of 1 TB": (path) => {
    const file = openSync(path, "w");
    ftruncateSync(file, 2 ** 40);
    closeSync(file);
  },
};

describe.skipIf(!IS_POSIX)("what is no regular file, or has no bound", () => {
  for (const [what, make] of Object.entries(STRANGE)) {
    it.each(READ)(`${what} as %s is refused by inspect and by swap, which leaves nothing`, async (name) => {
      const place = placeIn(scratch());
      rmSync(join(place.model, name));
      await make(join(place.model, name));
      const isOptional = name === "tokenizer_config.json" && what === "a dangling link";
      const told = [await inspect(place), await swap(place)];
      if (isOptional) return told.forEach((one) => void expect(one).toMatchObject({ code: 0, hung: false }));
      for (const one of told) expectRefused(one, new RegExp(name.replaceAll(".", "\\.")));
      expect(readdirSync(join(place.out, ".."))).toEqual([]);
    });
  }

  it("a pipe beside the model is carried by no swap, and waits for nobody", async () => {
    const place = placeIn(scratch());
    execFileSync("mkfifo", [join(place.model, "README.md")]);
    const told = await swap(place);
    expect(told.hung).toBe(false);
    expectSafe(told);
    if (told.code !== 0) expectRefused(told, /README\.md/);
  });
});

describe.skipIf(!IS_POSIX)("a file that may not be read", () => {
  const mayAll = process.getuid?.() === 0;
  it.skipIf(mayAll).each(READ)("%s is refused by name", async (name) => {
    const place = placeIn(scratch());
    chmodSync(join(place.model, name), 0);
    expectRefused(await inspect(place), /permission|EACCES|cannot be read/);
    expectRefused(await swap(place), new RegExp(name.replaceAll(".", "\\.")));
  });
});

describe.skipIf(!IS_POSIX)("links", () => {
  it.each(["NOTES.txt", "LICENSE", "modeling.py", "config.json", "special_tokens_map.json"])(
    "out of the folder are refused by name: %s, and its content is in no output",
    async (name) => {
      const folder = scratch();
      const place = placeIn(folder);
      const secret = join(folder, "secret");
      const held = join(place.model, name);
      writeFileSync(secret, existsSync(held) ? readFileSync(held) : '{"secret":"do not tell"}');
      rmSync(held, { force: true });
      symlinkSync(secret, held);
      expectRefused(await swap(place), new RegExp(`${name.replaceAll(".", "\\.")}[^]*(link|outside)`));
      expect(readdirSync(join(place.out, ".."))).toEqual([]);
    },
  );

  it("in a circle of folders end", async () => {
    const place = placeIn(scratch());
    symlinkSync("..", join(place.model, "again"));
    const told = await swap(place);
    expect(told.hung).toBe(false);
    expectSafe(told);
    if (told.code === 0) expect(existsSync(join(place.out, "again"))).toBe(false);
    else expectRefused(told, /again/);
  });

  it("within the folder are followed", async () => {
    const place = placeIn(scratch());
    renameSync(join(place.model, "model.safetensors"), join(place.model, "blob"));
    symlinkSync("blob", join(place.model, "model.safetensors"));
    expect(await swap(place)).toMatchObject({ code: 0, hung: false });
  });
});

describe.skipIf(!IS_POSIX)("names that a terminal would obey", () => {
  const NAMES = ["\u001b[2J", "a\nb", "a\rb", "\u0007", "\u202egpj", "\u009b31m", "a\tb", "\u2028"];

  it.each(NAMES)("of a file, %j, are shown as they are safe", async (name) => {
    const place = placeIn(scratch());
    for (const end of [".txt", ".json", ".py", ".safetensors.bak"])
      writeFileSync(join(place.model, `${name}${end}`), "x");
    for (const told of [
      await inspect(place),
      await swap(place),
      await swap(place, "--force", "--carry", `${name}.txt`),
    ]) {
      expect(told).toMatchObject({ hung: false, signal: null });
      expectSafe(told);
    }
  });

  it.each(NAMES)("of folders, %j, are shown as they are safe", async (name) => {
    const folder = scratch();
    const place = placeIn(folder);
    const [model, out] = [join(folder, name), join(folder, `${name}out`)];
    cpSync(place.model, model, { recursive: true });
    for (const told of [
      await inspect({ ...place, model }),
      await swap({ ...place, model, out }),
      await swap({ ...place, model, out }),
    ]) {
      expect(told).toMatchObject({ hung: false, signal: null });
      expectSafe(told);
    }
  });

  it.each(NAMES)(
    "of tokens, %j, are shown as they are safe by every command that shows tokens",
    async (name) => {
      const place = placeIn(scratch());
      for (const folder of [place.model, place.tokenizer]) {
        const path = join(folder, "tokenizer.json");
        const json = JSON.parse(readFileSync(path, "utf8"));
        const [first] = json.added_tokens;
        const old = first.content;
        const text = JSON.stringify(json).replaceAll(JSON.stringify(old), JSON.stringify(name));
        writeFileSync(path, text);
        const config = join(folder, "tokenizer_config.json");
        writeFileSync(
          config,
          readFileSync(config, "utf8").replaceAll(JSON.stringify(old), JSON.stringify(name)),
        );
      }
      const plan = join(place.out, "../swap.plan");
      for (const args of [
        ["inspect", place.model],
        ["inspect", place.tokenizer],
        ["swap", place.model, "--tokenizer", place.tokenizer, "--out", place.out],
        ["plan", place.model, "--tokenizer", place.tokenizer, "--out", plan],
        ["explain", plan, "0"],
        ["extend", place.model, "--special", "<new>", "--out", `${place.out}2`],
      ]) {
        const told = await runCommand(args);
        expect(told).toMatchObject({ hung: false, signal: null });
        expectSafe(told);
      }
    },
  );
});

describe("names that differ by case alone", () => {
  it("are two files: neither is lost in silence, nor read for the other", async ({ skip }) => {
    const place = placeIn(scratch());
    writeFileSync(join(place.model, "NOTES.txt"), "one");
    writeFileSync(join(place.model, "notes.TXT"), "two");
    writeFileSync(join(place.model, "Config.json"), "{");
    if (readFileSync(join(place.model, "config.json"), "utf8") === "{") skip("this disk knows no case");
    const told = await swap(place);
    expect(told).toMatchObject({ code: 0, hung: false });
    for (const name of readdirSync(place.out)) {
      if (/notes/i.test(name))
        expect(readFileSync(join(place.out, name), "utf8")).toBe(name === "NOTES.txt" ? "one" : "two");
    }
  });
});
