import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { modelReference } from "@revocab/hub";
import { scratchFolders } from "@revocab/test-support/folders";
import { describe, expect, it } from "vitest";

const scratch = scratchFolders();
const repository = (name: string, revision = "main") => ({ kind: "repository", name, revision });

describe("a name", () => {
  it.each([
    ["org/model", repository("org/model")],
    ["Org-1/Model_2.5-b", repository("Org-1/Model_2.5-b")],
    ["org/model@v1.0", repository("org/model", "v1.0")],
    ["org/model@refs/pr/12", repository("org/model", "refs/pr/12")],
    ["hf://org/model", repository("org/model")],
    ["hf://models/org/model@main", repository("org/model")],
    ["https://huggingface.co/org/model", repository("org/model")],
    ["https://huggingface.co/org/model/", repository("org/model")],
    ["https://hf.co/org/model/tree/v2", repository("org/model", "v2")],
    ["https://huggingface.co/org/model/tree/refs%2Fpr%2F3", repository("org/model", "refs/pr/3")],
    ["https://huggingface.co/org/model/tree/refs/pr/3", repository("org/model", "refs/pr/3")],
    ["https://huggingface.co/org/model/blob/main/config.json", repository("org/model")],
  ])("%s is a repository", async (text, expected) => {
    expect(await modelReference(text)).toEqual(expected);
  });

  it.each([
    "model",
    "./org/model",
    "../org/model",
    "/org/model",
    "a/b/c",
    "org/model@",
    "org/model@../../x",
    "org/mo--del",
  ])("%s is a path, though nothing is there", async (text) => {
    expect(await modelReference(text)).toEqual({ kind: "path", path: text });
  });

  it.skipIf(process.platform === "win32")(
    "is no repository where the path may not be looked at",
    async () => {
      const folder = scratch();
      symlinkSync("loop", join(folder, "loop"));
      const cwd = process.cwd();
      // a circle of links is refused to every user, as a folder without permission is to all but root
      process.chdir(folder);
      const found = modelReference("loop/model");
      await expect(found.finally(() => process.chdir(cwd))).rejects.toMatchObject({ code: "bad_file" });
    },
  );

  it("is a path where something is there", async () => {
    const folder = scratch();
    mkdirSync(join(folder, "org@v1"));
    expect(await modelReference(join(folder, "org@v1"))).toEqual({
      kind: "path",
      path: join(folder, "org@v1"),
    });
  });

  it.each([
    "https://example.org/org/model",
    "https://huggingface.co",
    "https://huggingface.co/org",
    "https://huggingface.co/datasets/org/data",
    "https://huggingface.co/spaces/org/demo",
    "https://huggingface.co/org/model/discussions/1",
    "hf://datasets/org/data",
    "ftp://huggingface.co/org/model",
    "http://huggingface.co/org/model",
    "https://huggingface.co.evil.example/org/model",
    "https://huggingface.co/org/model/tree/%E0%A4%A",
    "https://huggingface.co/org/model/tree/%FF",
    "https://huggingface.co/org/model/tree/%2e%2e%2fmain",
    "https://huggingface.co/%FF/model",
  ])("%s is an error", async (text) => {
    await expect(modelReference(text)).rejects.toThrow(
      `found nothing at ${text}: it is no model's address on`,
    );
  });

  it("that is an address with secrets is quoted without them", async () => {
    const address = "https://me:password@example.org/model?token=secret";
    await expect(modelReference(address)).rejects.toThrow(/found nothing at https:\/\/example\.org\/model: /);
  });
});
