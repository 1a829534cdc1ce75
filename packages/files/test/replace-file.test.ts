import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "@revocab/files";
import { scratchFolders } from "@revocab/test-support/folders";
import { describe, expect, it } from "vitest";

const folder = scratchFolders();
const bytes = (text: string) => new TextEncoder().encode(text);

describe("replaceFile", () => {
  it("puts what was written in the place of what was there", async () => {
    const path = join(folder(), "text");
    writeFileSync(path, "old");
    await replaceFile(path, async (write) => {
      await write(bytes("new "));
      await write(bytes("text"));
      expect(readFileSync(path, "utf8")).toBe("old");
    });
    expect(readFileSync(path, "utf8")).toBe("new text");
  });

  it("leaves what was there, and nothing else, when the writing stops", async () => {
    const at = folder();
    writeFileSync(join(at, "text"), "old");
    const stopped = replaceFile(join(at, "text"), async (write) => {
      await write(bytes("half"));
      throw new Error("stopped");
    });
    await expect(stopped).rejects.toThrow("stopped");
    expect(readdirSync(at)).toEqual(["text"]);
    expect(readFileSync(join(at, "text"), "utf8")).toBe("old");
  });

  it("says when a place cannot be written", async () => {
    const at = folder();
    mkdirSync(join(at, "taken"));
    const write = (path: string) => replaceFile(path, (into) => into(bytes("x")));
    await expect(write(join(at, "nowhere", "text"))).rejects.toMatchObject({ code: "write_failed" });
    await expect(write(join(at, "taken"))).rejects.toMatchObject({ code: "write_failed" });
    expect(readdirSync(at)).toEqual(["taken"]);
    expect(existsSync(join(at, "nowhere"))).toBe(false);
  });

  it("takes a name of 200 bytes, and says of a longer one that it is too long", async () => {
    const at = folder();
    const write = (name: string) => replaceFile(join(at, name), (into) => into(bytes("x")));
    await write("x".repeat(200));
    await expect(write("x".repeat(255))).rejects.toMatchObject({
      code: "write_failed",
      message: expect.stringMatching(/x: its name is too long$/),
    });
    expect(readdirSync(at)).toEqual(["x".repeat(200)]);
  });
});
