import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { RevocabError } from "@revocab/core";
import { resolveModel } from "@revocab/hub";
import { describe, expect, it } from "vitest";
import { type HubPlace, hubPlaces, listingOf, sampleFiles } from "./hub-place.ts";

const place = hubPlaces();

/** What downloading a model comes to when the Hub lists this beside it. */
async function refusal(entry: unknown): Promise<{ made: HubPlace; failure: RevocabError }> {
  const made = await place();
  made.hub.add("org/evil", sampleFiles());
  made.hub.misbehave({
    path: /\/tree\//,
    fault: { kind: "answer", body: JSON.stringify([CONFIG, TOKENIZER, entry]) },
  });
  const failure = await resolveModel("org/evil", { ...made.options, want: "model" }).catch(
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(RevocabError);
  return { made, failure: failure as RevocabError };
}
const OID = "0".repeat(40);
const CONFIG = { type: "file", path: "config.json", size: 2, oid: OID };
const TOKENIZER = { type: "file", path: "tokenizer.json", size: 2, oid: OID };
const file = (path: unknown, more: object = {}) => ({ type: "file", path, size: 1, oid: OID, ...more });

describe("a listing", () => {
  it.each([
    ...["../evil", "a/../../evil", "/etc/passwd", "a//b", "./a", "a/.", "..\\evil", "C:\\evil", "", "a/"],
    ...["a\nb", "\u001b[31mred", "nul\0byte", "\ud800", "x".repeat(2000), 7, null, ["a"], { a: 1 }],
  ])("with a file named %j is refused, before anything is downloaded", async (path) => {
    const { made, failure } = await refusal(file(path));
    expect(failure).toMatchObject({
      code: "hub_failed",
      message: expect.stringMatching(/^the Hub lists a file named .* for org\/evil$/),
    });
    expect(failure.message.length).toBeLessThan(400);
    expect(failure.message).toMatch(/^\P{C}*$/u);
    expect(readdirSync(made.cache)).toEqual([]);
  });

  it.each([-1, 1.5, 2 ** 53, 1e300, "1", null, undefined])(
    "with a file of %j bytes is refused",
    async (size) => {
      for (const entry of [file("a", { size }), file("a", { lfs: { oid: "0".repeat(64), size } })]) {
        const { failure } = await refusal(entry);
        expect(failure).toMatchObject({
          code: "hub_failed",
          message: expect.stringMatching(/^the Hub lists a with .* bytes/),
        });
      }
    },
  );

  it.each([
    file("a", { oid: "main" }),
    file("a", { oid: `${OID}\n` }),
    file("a", { oid: undefined }),
    file("a", { lfs: { oid: "../../x", size: 1 } }),
    file("a", { lfs: { size: 1 } }),
    file("a", { lfs: true }),
    file("config.json"),
  ])("with an entry that has no hash, or comes twice, is refused: %j", async (entry) => {
    const { failure } = await refusal(entry);
    expect(failure).toMatchObject({
      code: "hub_failed",
      message: expect.stringMatching(/without a (hash|sha256)|with undefined bytes|config\.json twice/),
    });
  });

  it.each([null, 7, "a", [], {}, { type: "link" }, { type: "directory", path: "../.." }])(
    "with an entry that is no file takes nothing from it: %j",
    async (entry) => {
      const { failure } = await refusal(entry);
      // the model is incomplete without its weights, and that is what is said
      expect(failure).toMatchObject({ code: "hub_damaged" });
    },
  );

  it("of more bytes than the disk has is refused before they are asked for", async () => {
    const made = await place();
    made.hub.add("org/evil", sampleFiles());
    const listed = listingOf(made.hub, "org/evil").map((entry) =>
      entry.path === "model.safetensors"
        ? { ...entry, lfs: { ...entry.lfs, size: Number.MAX_SAFE_INTEGER } }
        : entry,
    );
    made.hub.misbehave({ path: /\/tree\//, fault: { kind: "answer", body: JSON.stringify(listed) } });
    await expect(resolveModel("org/evil", { ...made.options, want: "model" })).rejects.toMatchObject({
      code: "no_space",
      hint: expect.stringMatching(/or choose another HF_HOME$/),
    });
    expect(made.hub.requests.filter(({ path }) => path.includes("model.safetensors"))).toEqual([]);
  });
});

describe("names that are wanted, and that no folder of every system can hold", () => {
  const modules = (...names: string[]) => Object.fromEntries(names.map((name) => [name, "weights"]));
  it.each([
    [
      "a device",
      modules("1_Dense/aux.safetensors"),
      /1_Dense\/aux\.safetensors for org\/model, whose name some systems/,
    ],
    ["a stream", modules("1_Dense/a:b.safetensors"), /whose name some systems cannot hold/],
    ["a wildcard", modules("1_Dense/*.safetensors"), /whose name some systems cannot hold/],
    [
      "too long a name",
      modules(`1_Dense/${"é".repeat(130)}.safetensors`),
      /whose name some systems cannot hold/,
    ],
    [
      "two cases",
      modules("1_Dense/a.safetensors", "1_Dense/A.safetensors"),
      /beside 1_Dense\/[aA]\.safetensors, which some systems/,
    ],
    [
      "two cases of a folder",
      modules("1_Dense/a.safetensors", "1_dense/b.safetensors"),
      /beside 1_[dD]ense\/, which some systems/,
    ],
    [
      "two forms of a letter",
      modules("1_Dense/\u00e9.safetensors", "1_Dense/e\u0301.safetensors"),
      /which some systems take for the same/,
    ],
  ])("(%s) are refused by name", async (_, files, message) => {
    const made = await place();
    made.hub.add("org/model", { ...sampleFiles(), ...files });
    await expect(resolveModel("org/model", { ...made.options, want: "model" })).rejects.toMatchObject({
      code: "hub_failed",
      message: expect.stringMatching(message),
    });
    expect(existsSync(join(made.cache, "models--org--model/refs"))).toBe(false);
  });

  it("do not matter among files that are left where they are", async () => {
    const made = await place();
    made.hub.add("org/model", {
      ...sampleFiles(),
      "docs/aux.md": "",
      "docs/A.md": "",
      "docs/a.md": "",
      "a:b": "",
    });
    await resolveModel("org/model", { ...made.options, want: "model" });
  });
});
