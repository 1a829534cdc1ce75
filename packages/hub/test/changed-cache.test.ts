import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { subtokenMean } from "@revocab/embedding-init";
import { resolveModel } from "@revocab/hub";
import { leftByKilledRun } from "@revocab/test-support/left-by-killed-run";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { swapTokenizer } from "@revocab/transfer";
import { describe, expect, it } from "vitest";
import { type HubPlace, hubPlaces, sampleFiles } from "./hub-place.ts";

const place = hubPlaces();
const isWindows = process.platform === "win32";

async function downloaded(): Promise<HubPlace & { directory: string }> {
  const made = await place();
  made.hub.add("org/small-model", sampleFiles());
  const { directory } = await resolveModel("org/small-model", { ...made.options, want: "model" });
  return { ...made, directory };
}
const again = ({ options }: HubPlace, offline = false) =>
  resolveModel("org/small-model", {
    ...options,
    settings: { ...options.settings, offline },
    want: "model",
  });

/** Changes a byte of the blob behind a file, and leaves its length. */
function damage(directory: string, name: string): string {
  const blob = realpathSync(join(directory, name));
  const bytes = readFileSync(blob);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(blob, bytes);
  return blob;
}

it("a blob that several runs download at once is put in its place once: the first run may read it already", async () => {
  const made = await place();
  made.hub.add("org/small-model", sampleFiles());
  const inodes = await Promise.all(
    [1, 2, 3, 4].map(async () => {
      const { directory } = await again(made);
      return ["config.json", "tokenizer.json", "model.safetensors"].map(
        (name) => statSync(join(directory, name)).ino,
      );
    }),
  );
  for (const others of inodes) expect(others).toEqual(inodes[0]);
  const blobs = join(made.options.settings.cacheDirectory, "models--org--small-model/blobs");
  expect(readdirSync(blobs).filter((name) => name.includes("."))).toEqual([]);
});

describe("a blob of the cache whose content is not what its name says", () => {
  it.each(["config.json", "tokenizer.json", "model.safetensors"])(
    "is downloaded again, and said to be: %s",
    async (name) => {
      const made = await downloaded();
      damage(made.directory, name);
      const before = made.hub.requests.length;
      const { directory } = await again(made);
      expect(readFileSync(join(directory, name)).equals(readFileSync(join(SAMPLE_MODEL, name)))).toBe(true);
      expect(made.hub.requests.slice(before).filter(({ path }) => path.includes("/resolve/"))).toHaveLength(
        1,
      );
      expect(made.events).toContainEqual({
        type: "note",
        step: "hub",
        message: `${name} in the cache is not what org/small-model lists: it is downloaded again`,
      });
    },
  );

  it("offline is an error that names it", async () => {
    const made = await downloaded();
    await again(made, true);
    damage(made.directory, "config.json");
    await expect(again(made, true)).rejects.toMatchObject({
      code: "hub_damaged",
      message: expect.stringMatching(
        /^config\.json of org\/small-model@main in the cache has the git-sha1 [0-9a-f]{40}, but it was downloaded as [0-9a-f]{40}$/,
      ),
      hint: expect.stringContaining("without HF_HUB_OFFLINE"),
    });
  });

  it.skipIf(isWindows)("is not used in a swap, though nothing but its hash tells", async () => {
    const made = await downloaded();
    const swap = (out: string) =>
      swapTokenizer({ model: made.directory, tokenizer: SAMPLE_TOKENIZER, method: subtokenMean(), out });
    const { inputs } = await swap(join(made.cache, "good"));
    const blob = damage(made.directory, "model.safetensors");
    expect(blob).toContain(inputs.source.files["model.safetensors"]);
    const out = join(made.cache, "bad");
    await expect(swap(out)).rejects.toMatchObject({
      code: "hub_damaged",
      message: expect.stringMatching(
        /^model\.safetensors in .* has the sha256 [0-9a-f]{64}, but it was downloaded as [0-9a-f]{64}$/,
      ),
      hint: expect.stringContaining(`remove blobs/${inputs.source.files["model.safetensors"]}`),
    });
    expect(readdirSync(made.cache).filter((name) => name.includes("bad"))).toEqual([]);
  });

  it("is not taken for damaged when it was only cut or is no file: it is replaced", async () => {
    const made = await downloaded();
    const blob = realpathSync(join(made.directory, "config.json"));
    writeFileSync(blob, "{}");
    await again(made);
    expect(readFileSync(blob).equals(readFileSync(join(SAMPLE_MODEL, "config.json")))).toBe(true);
    if (isWindows) return;
    renameSync(blob, `${blob}.moved`);
    symlinkSync("/dev/zero", blob);
    await again(made);
    expect(lstatSync(blob).isFile()).toBe(true);
  });
});

describe.skipIf(isWindows)("a link in the place of what an earlier attempt left", () => {
  it.each([["HASH.incomplete"], ["of a killed process"]])("(%s) is not followed", async (kind) => {
    const made = await place();
    made.hub.add("org/small-model", sampleFiles());
    const { directory } = await resolveModel("org/small-model", { ...made.options, want: "tokenizer" });
    const blobs = join(directory, "../../blobs");
    const { sha256 } = [...made.hub.repository("org/small-model")!.commits.values()][0]!.files.get(
      "model.safetensors",
    )!;
    const victim = join(made.cache, "victim");
    writeFileSync(victim, "untouched");
    const left = kind.startsWith("HASH")
      ? join(blobs, `${sha256}.incomplete`)
      : leftByKilledRun({ folder: blobs, before: `${sha256}.`, after: ".incomplete" });
    symlinkSync(victim, left);
    const model = await again(made);
    expect(readFileSync(victim, "utf8")).toBe("untouched");
    expect(lstatSync(realpathSync(join(model.directory, "model.safetensors"))).isFile()).toBe(true);
    expect(existsSync(left)).toBe(true);
  });

  it("nor is one in the place of a snapshot's file: it is replaced", async () => {
    const made = await downloaded();
    const victim = join(made.cache, "victim");
    writeFileSync(victim, "untouched");
    const file = join(made.directory, "config.json");
    renameSync(file, `${file}.moved`);
    symlinkSync(victim, file);
    await again(made);
    expect(readFileSync(victim, "utf8")).toBe("untouched");
    expect(readFileSync(file).equals(readFileSync(join(SAMPLE_MODEL, "config.json")))).toBe(true);
  });
});

it("a cache that cannot be written to is said to be what it is", async () => {
  const made = await place();
  made.hub.add("org/small-model", sampleFiles());
  const file = join(made.cache, "a-file");
  writeFileSync(file, "");
  const settings = { ...made.options.settings, cacheDirectory: file };
  await expect(
    resolveModel("org/small-model", { ...made.options, settings, want: "model" }),
  ).rejects.toMatchObject({ code: "write_failed" });
  mkdirSync(join(made.cache, "models--org--small-model/snapshots"), { recursive: true });
  const { sha256: _, oid } = [...made.hub.repository("org/small-model")!.commits.values()][0]!.files.get(
    "config.json",
  )!;
  mkdirSync(join(made.cache, "models--org--small-model/blobs", oid), { recursive: true });
  await expect(resolveModel("org/small-model", { ...made.options, want: "model" })).rejects.toMatchObject({
    code: "write_failed",
    message: expect.stringContaining(oid),
  });
});
