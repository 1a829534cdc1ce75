import { execFileSync, spawnSync } from "node:child_process";
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
import { fileURLToPath } from "node:url";
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
    it.each(READ)(`${what} as %s is refused by name, and nothing is left`, async (name) => {
      const place = placeIn(scratch());
      rmSync(join(place.model, name));
      await make(join(place.model, name));
      for (const told of await Promise.all([inspect(place), swap(place)])) {
        expectRefused(told, new RegExp(name.replaceAll(".", "\\.")));
      }
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

// to root nothing is forbidden: the command runs as nobody, where nobody can reach it
const isRoot = process.getuid?.() === 0;
const reader = isRoot ? { uid: 65_534, gid: 65_534 } : {};
const reach = ["-e", `require("node:fs").accessSync(${JSON.stringify(fileURLToPath(import.meta.url))})`];
const isReached = IS_POSIX && spawnSync(process.execPath, reach, reader).status === 0;

if (isReached) {
  it.each(READ)("%s that may not be read is refused by name", async (name) => {
    const folder = scratch();
    const place = placeIn(folder);
    for (const open of [folder, place.model, place.tokenizer]) chmodSync(open, 0o755);
    chmodSync(join(place.out, ".."), 0o777);
    chmodSync(join(place.model, name), 0);
    const { model, tokenizer, out } = place;
    const args = ["swap", model, "--tokenizer", tokenizer, "--out", out];
    expectRefused(await runCommand(args, { uid: reader.uid }), new RegExp(name.replaceAll(".", "\\.")));
    expect(readdirSync(join(out, ".."))).toEqual([]);
  });
}

describe.skipIf(!IS_POSIX)("links", () => {
  it.each(["LICENSE", "modeling.py", "config.json", "special_tokens_map.json"])(
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

  it("out of the folder of a file that is not carried stay behind, and are refused where it is to be", async () => {
    const folder = scratch();
    const place = placeIn(folder);
    const secret = join(folder, "secret");
    writeFileSync(secret, "do not tell");
    symlinkSync(secret, join(place.model, "NOTES.txt"));
    expectRefused(await swap(place, "--carry", "NOTES.txt"), /NOTES\.txt/);
    expect(await swap(place)).toMatchObject({ code: 0, hung: false });
    expect(readdirSync(place.out)).not.toContain("NOTES.txt");
  });

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
  const ALL = NAMES.join("");

  it("of files are shown as is safe", async () => {
    const place = placeIn(scratch());
    for (const name of NAMES) {
      for (const end of [".txt", ".json", ".py"]) writeFileSync(join(place.model, `${name}${end}`), "x");
    }
    const carry = NAMES.flatMap((name) => ["--carry", `${name}.txt`]);
    for (const told of [await inspect(place), await swap(place), await swap(place, "--force", ...carry)]) {
      expect(told).toMatchObject({ hung: false, signal: null });
      expectSafe(told);
    }
  });

  it("of folders are shown as is safe", async () => {
    const folder = scratch();
    const place = placeIn(folder);
    const [model, out] = [join(folder, ALL), join(folder, `${ALL}out`)];
    cpSync(place.model, model, { recursive: true });
    const told = [await inspect({ ...place, model }), await swap({ ...place, model, out })];
    told.push(await swap({ ...place, model, out })); // it is there already
    told.push(await inspect({ ...place, model: `${model}nowhere` }));
    for (const one of told) {
      expect(one).toMatchObject({ hung: false, signal: null });
      expectSafe(one);
    }
    expect(told.map(({ code }) => code)).toEqual([0, 0, 1, 1]);
  });

  it("of tokens are shown as is safe by every command that shows tokens", async () => {
    const place = placeIn(scratch());
    for (const folder of [place.model, place.tokenizer]) {
      const { added_tokens } = JSON.parse(readFileSync(join(folder, "tokenizer.json"), "utf8"));
      const { content } = added_tokens[0];
      for (const file of ["tokenizer.json", "tokenizer_config.json"]) {
        const text = readFileSync(join(folder, file), "utf8");
        writeFileSync(join(folder, file), text.replaceAll(JSON.stringify(content), JSON.stringify(ALL)));
      }
    }
    const plan = join(place.out, "../swap.plan");
    for (const args of [
      ["inspect", place.model],
      ["swap", place.model, "--tokenizer", place.tokenizer, "--out", place.out],
      ["plan", place.model, "--tokenizer", place.tokenizer, "--out", plan],
      ["explain", plan, "0"],
      ["extend", place.model, "--special", "<new>", "--out", `${place.out}2`],
    ]) {
      const told = await runCommand(args);
      expect([args[0], told]).toMatchObject([args[0], { hung: false, code: 0 }]);
      expectSafe(told);
    }
  });
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
