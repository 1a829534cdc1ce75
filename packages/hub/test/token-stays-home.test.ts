import { publishFolder, resolveModel } from "@revocab/hub";
import type { Fault } from "@revocab/loopback-hub";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type HubPlace, hubPlaces, sampleFiles } from "./hub-place.ts";
import { swappedFolders } from "./swapped-folder.ts";

const place = hubPlaces();
const swapped = swappedFolders();

/** A Hub, and another on the same host that knows the same token and has the same model: another port, another origin. */
describe("the access token", () => {
  let made: HubPlace;
  let other: HubPlace;

  beforeEach(async () => {
    made = await place();
    other = await place();
    for (const { hub } of [made, other]) hub.add("org/small-model", sampleFiles());
  });

  afterEach(() => {
    expect(other.hub.requests.filter(({ authorized }) => authorized)).toEqual([]);
    expect(made.hub.requests.some(({ authorized }) => authorized)).toBe(true);
  });

  const download = () => resolveModel("org/small-model", { ...made.options, want: "model" });
  const publish = () => publishFolder({ ...made.options, folder: swapped(), to: "me/model" });
  const redirect = (path: string, status = 302): Fault => ({
    kind: "status",
    status,
    headers: { Location: `${other.hub.url}${path}` },
  });

  it("does not go where a listing says that it goes on: that is refused", async () => {
    const tree = `${other.hub.url}/api/models/org/small-model/tree/main?recursive=true`;
    for (const href of [tree, tree.replace("http:", "https:"), "http://", "file:///etc/passwd"]) {
      made.hub.misbehave({ path: /\/tree\//, fault: { kind: "next-page", href } });
      await expect(download()).rejects.toMatchObject({
        code: "hub_failed",
        message: expect.stringMatching(/failed: the listing goes on at .*, which is not the Hub$/),
        hint: expect.stringContaining("HF_ENDPOINT"),
      });
    }
    expect(other.hub.requests).toEqual([]);
  });

  it("does not go where an answer of the API is redirected to, while the redirect is followed", async () => {
    const { oid } = [...other.hub.repository("org/small-model")!.commits.values()][0]!;
    const info = `/api/models/org/small-model/revision/${oid}`;
    made.hub.misbehave({ path: /\/revision\//, fault: redirect(info, 307) });
    // the other's commit is none of this Hub's: its listing is not found
    await expect(download()).rejects.toMatchObject({ code: "hub_missing" });
    expect(other.hub.requests).toMatchObject([{ path: info, status: 200, authorized: false }]);
  });

  it("does not go where a file is redirected to", async () => {
    const config = "/org/small-model/resolve/main/config.json";
    made.hub.misbehave({ path: /\/resolve\/.*\/config\.json/, fault: redirect(config) });
    await download();
    expect(other.hub.requests).toMatchObject([{ path: config, status: 200, authorized: false }]);
  });

  it("does not come back when a redirect leads away and home again", async () => {
    const path = "/org/small-model/resolve/main/config.json";
    made.hub.misbehave({ path: /\/resolve\/.*\/config\.json/, fault: redirect(path) });
    const back: Fault = { kind: "status", status: 302, headers: { Location: `${made.hub.url}${path}` } };
    other.hub.misbehave({ path: /\/resolve\//, fault: back });
    await download();
    const asked = made.hub.requests.filter((request) => request.path.endsWith("/config.json"));
    expect(asked.map(({ authorized }) => authorized)).toEqual([true, false]);
  });

  it("nor anything else that is sent to the Hub follows a redirect to another origin", async () => {
    for (const [path, status] of [
      [/\/preupload\//, 307],
      [/\/info\/lfs\/objects\/batch/, 308],
      [/\/commit\//, 307],
      [/\/repos\/create/, 302],
    ] as const) {
      const fresh = `me/model-${status}-${path.source.length}`;
      made.hub.misbehave({ path, times: 9, fault: redirect("/api/whoami-v2", status) });
      await expect(
        publishFolder({ ...made.options, folder: swapped(), to: fresh }),
        path.source,
      ).rejects.toMatchObject({ code: "hub_failed", message: expect.stringContaining("redirects what was") });
    }
    expect(other.hub.requests).toEqual([]);
  });

  it("does not go with an upload to wherever the Hub says that large files go", async () => {
    made.hub.misbehave({
      path: /\/info\/lfs\/objects\/batch/,
      fault: { kind: "upload-to", href: `${other.hub.url}/elsewhere` },
    });
    await expect(publish()).rejects.toMatchObject({ code: "hub_missing" });
    expect(other.hub.requests).toMatchObject([{ method: "PUT", path: "/elsewhere", authorized: false }]);
  });

  it("is in no request to a Hub's storage, nor to an address that is none", async () => {
    for (const href of [
      "file:///etc/passwd",
      "data:text/plain,x",
      "http://user:word@127.0.0.1/x",
      "no address",
    ]) {
      made.hub.misbehave({ path: /\/info\/lfs\/objects\/batch/, fault: { kind: "upload-to", href } });
      await expect(publish(), href).rejects.toMatchObject({
        code: "hub_failed",
        message: expect.stringMatching(/failed: the Hub leads to something that is no address of the web$/),
      });
    }
    await download();
    expect(made.hub.complaints).toEqual([]);
    const toStorage = made.hub.requests.filter(({ server }) => server === "storage");
    expect(toStorage.some(({ authorized }) => authorized)).toBe(false);
  });
});
