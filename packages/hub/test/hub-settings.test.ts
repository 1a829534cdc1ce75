import { mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { hubSettings } from "@revocab/hub";
import { scratchFolders } from "@revocab/test-support/folders";
import { describe, expect, it } from "vitest";

const scratch = scratchFolders();

describe("the settings of the environment", () => {
  it("are those of the Python client where nothing is set", () => {
    expect(hubSettings({ HF_TOKEN_PATH: "/nothing/there" })).toEqual({
      endpoint: "https://huggingface.co",
      cacheDirectory: join(homedir(), ".cache/huggingface/hub"),
      offline: false,
    });
  });

  it.each([
    [{ HF_HOME: "/a" }, "/a/hub"],
    [{ HF_HOME: "~/a" }, join(homedir(), "a/hub")],
    [{ HF_HOME: "$BASE/a", BASE: "/b" }, "/b/a/hub"],
    [{ XDG_CACHE_HOME: "/x" }, "/x/huggingface/hub"],
    [{ HF_HOME: "/a", HUGGINGFACE_HUB_CACHE: "/b" }, "/b"],
    [{ HF_HOME: "/a", HUGGINGFACE_HUB_CACHE: "/b", HF_HUB_CACHE: "/c" }, "/c"],
    [{ HF_HOME: "/a", HF_HUB_CACHE: "" }, "/a/hub"],
  ])("%o keep the cache in %s", (environment, cacheDirectory) => {
    expect(hubSettings({ HF_TOKEN_PATH: "/nothing", ...environment })).toMatchObject({ cacheDirectory });
  });

  it.each([
    [{ HF_HUB_OFFLINE: "1" }, true],
    [{ HF_HUB_OFFLINE: "yes" }, true],
    [{ HF_HUB_OFFLINE: "TRUE" }, true],
    [{ TRANSFORMERS_OFFLINE: "on" }, true],
    [{ HF_HUB_OFFLINE: "0", TRANSFORMERS_OFFLINE: "1" }, false],
    [{ HF_HUB_OFFLINE: "no" }, false],
    [{}, false],
  ])("%o are offline: %s", (environment, offline) => {
    expect(hubSettings({ HF_TOKEN_PATH: "/nothing", ...environment }).offline).toBe(offline);
  });

  it("take the token from HF_TOKEN, its older name, else the file of the client", () => {
    const home = scratch();
    mkdirSync(join(home, "elsewhere"));
    writeFileSync(join(home, "token"), "hf_fromTheFile\n");
    writeFileSync(join(home, "elsewhere/token"), " hf_fromElsewhere ");
    const tokenOf = (environment: NodeJS.ProcessEnv) =>
      hubSettings({ HF_HOME: home, ...environment }).token?.reveal();
    expect(tokenOf({})).toBe("hf_fromTheFile");
    expect(tokenOf({ HF_TOKEN_PATH: join(home, "elsewhere/token") })).toBe("hf_fromElsewhere");
    expect(tokenOf({ HUGGING_FACE_HUB_TOKEN: "hf_older" })).toBe("hf_older");
    expect(tokenOf({ HUGGING_FACE_HUB_TOKEN: "hf_older", HF_TOKEN: " hf_newer\n" })).toBe("hf_newer");
    expect(tokenOf({ HF_TOKEN: "", HF_TOKEN_PATH: "/nothing/there" })).toBeUndefined();
  });

  it("take another Hub, without the slash at its end, and no address that could hold a secret", () => {
    const endpointOf = (HF_ENDPOINT: string) =>
      hubSettings({ HF_ENDPOINT, HF_TOKEN_PATH: "/nothing" }).endpoint;
    expect(endpointOf("https://hub.example/")).toBe("https://hub.example");
    expect(endpointOf("http://127.0.0.1:8080/hf/")).toBe("http://127.0.0.1:8080/hf");
    for (const wrong of [
      "hub.example",
      "ftp://hub.example",
      "https://me:secret@hub.example",
      "https://h/?key=secret",
    ]) {
      expect(() => endpointOf(wrong)).toThrow("HF_ENDPOINT is no address such as https://huggingface.co");
    }
  });
});
