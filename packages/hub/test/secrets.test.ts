import { inspect } from "node:util";
import { RevocabError } from "@revocab/core";
import { AccessToken, publishFolder, resolveModel } from "@revocab/hub";
import { describe, expect, it } from "vitest";
import { hubPlaces, sampleFiles } from "./hub-place.ts";
import { swappedFolders } from "./swapped-folder.ts";

const place = hubPlaces();
const swapped = swappedFolders();

/** Everything a person or a program could be shown of a value. */
function shown(value: unknown): string {
  return `${String(value)}\n${JSON.stringify(value)}\n${inspect(value, { depth: 20, showHidden: true })}`;
}

describe("an access token", () => {
  it("is hidden however its settings are printed", async () => {
    const { options, hub } = await place();
    expect(shown(options.settings)).not.toContain(hub.token);
    expect(`${options.settings.token}`).toBe("(hidden)");
    expect(options.settings.token!.reveal()).toBe(hub.token);
  });

  it("that is none is refused without being quoted", () => {
    for (const value of ["", "secret", "hf_", "hf_with space", "hf_line\nend"]) {
      const make = () => new AccessToken(value, "HF_TOKEN");
      expect(make).toThrow("HF_TOKEN holds no access token: one that begins with hf_ was expected");
    }
  });
});

describe("what a server says", () => {
  const endpoints = [
    /\/whoami/,
    /\/api\/models\/.*\/revision/,
    /\/repos\/create/,
    /\/tree\//,
    /\/resolve\//,
    /^\/read\//,
    /\/preupload\//,
    /\/lfs\/objects\/batch/,
    /^\/upload\//,
    /\/commit\//,
  ];
  it.each(endpoints)("at %s is quoted without the token, other tokens and signatures", async (path) => {
    const made = await place();
    made.hub.add("org/small-model", sampleFiles());
    const error = `no ${made.hub.token}, hf_anotherSecret123 and https://s3.example/a?X-Amz-Signature=abcdef#x`;
    made.hub.misbehave({ path, times: 1000, fault: { kind: "status", status: 400, error } });
    const failures = await Promise.all([
      resolveModel("org/small-model", { ...made.options, want: "model" }).catch((reason: unknown) => reason),
      publishFolder({ ...made.options, folder: swapped(), to: "me/model" }).catch(
        (reason: unknown) => reason,
      ),
    ]);
    const errors = failures.filter((failure) => failure instanceof RevocabError);
    expect(errors.length).toBeGreaterThan(0);
    for (const failure of errors) {
      expect(failure.message).toContain("no (hidden), (hidden) and https://s3.example/a");
      expect(shown(failure)).not.toMatch(/anotherSecret|abcdef/);
      expect(shown(failure)).not.toContain(made.hub.token);
    }
    expect(shown(made.events)).not.toContain(made.hub.token);
  });

  it("in a page of HTML is not quoted at all", async () => {
    const made = await place();
    const error = "<html>a proxy's page</html>";
    made.hub.misbehave({ path: /revision/, fault: { kind: "status", status: 400, error } });
    await expect(resolveModel("org/x", { ...made.options, want: "model" })).rejects.toMatchObject({
      message: expect.stringMatching(/answered 400$/),
    });
  });
});
