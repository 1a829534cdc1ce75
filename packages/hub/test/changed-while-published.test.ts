import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publishFolder } from "@revocab/hub";
import { describe, expect, it } from "vitest";
import { hubPlaces } from "./hub-place.ts";
import { swappedFolders } from "./swapped-folder.ts";

const place = hubPlaces();
const swapped = swappedFolders();

const SECRET = Buffer.from(`{"x":"hf_${"aB3".repeat(11)}a"}`);

/** A time that can be set to the nanosecond. */
const LONG_AGO = new Date("2020-01-01T00:00:00Z");

/** Overwrites the beginning of a file in place with what is a secret; its size stays. */
function overwrite(path: string): void {
  const bytes = readFileSync(path);
  SECRET.copy(bytes);
  writeFileSync(path, bytes);
}

/** Publishes a folder in which `change` is done when a step of the publishing begins. */
async function publishWhile(step: string, change: (folder: string) => void) {
  const made = await place();
  const folder = swapped();
  utimesSync(join(folder, "config.json"), LONG_AGO, LONG_AGO);
  let times = 0;
  const failure = await publishFolder({
    ...made.options,
    folder,
    to: "me/model",
    job: {
      onProgress(event) {
        if (event.type === "step" && event.step === step && times++ === 0) change(folder);
      },
    },
  }).catch((error: unknown) => error);
  expect(times).toBeGreaterThan(0);
  const { branches, commits } = made.hub.repository("me/model")!;
  return { failure, files: commits.get(branches.get("main")!)!.files, hub: made.hub };
}

describe("a file that is changed after it was looked at", () => {
  it.each(["config.json", "README.md", "model.safetensors"])(
    "is refused by name, and nothing is committed: %s",
    async (name) => {
      const { failure, files, hub } = await publishWhile("ask the Hub what to upload", (folder) =>
        overwrite(join(folder, name)),
      );
      expect(failure).toMatchObject({
        code: "file_changed",
        message: expect.stringMatching(`^${name} changed while it was read: it was written to$`),
      });
      expect([...files.keys()]).not.toContain("config.json");
      expect(hub.requests.filter(({ path }) => path.includes("/commit/"))).toEqual([]);
    },
  );

  it.each(["config.json", "model.safetensors"])(
    "is refused also when it has been asked about and is sent next: %s",
    async (name) => {
      const { failure, files, hub } = await publishWhile("upload large files", (folder) =>
        overwrite(join(folder, name)),
      );
      expect(failure).toMatchObject({ code: "file_changed" });
      expect([...files.keys()]).not.toContain("config.json");
      expect(hub.requests.filter(({ path }) => path.startsWith("/upload/")).length).toBeLessThan(2);
    },
  );

  it("is refused when its upload is repeated, and that is not tried again", async () => {
    const made = await place();
    const folder = swapped();
    made.hub.misbehave({ path: /^\/upload\//, fault: { kind: "status", status: 503 } });
    let repeats = 0;
    const failure = await publishFolder({
      ...made.options,
      folder,
      to: "me/model",
      job: {
        onProgress(event) {
          if (event.type !== "note" || !event.message.includes("attempt")) return;
          repeats++;
          overwrite(join(folder, "model.safetensors"));
        },
      },
    }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "file_changed",
      message: expect.stringContaining("model.safetensors changed"),
    });
    expect(repeats).toBe(1);
    expect(made.hub.requests.filter(({ path }) => path.includes("/commit/"))).toEqual([]);
  });

  it("and hides its change is told from what was seen by the hash that the Hub has", async () => {
    const { failure } = await publishWhile("ask the Hub what to upload", (folder) => {
      overwrite(join(folder, "config.json"));
      utimesSync(join(folder, "config.json"), LONG_AGO, LONG_AGO);
    });
    expect(failure).toMatchObject({
      code: "hub_damaged",
      message: expect.stringContaining("config.json has another content there"),
    });
  });
});
