import { readFileSync } from "node:fs";
import { SAMPLE_MODEL, SAMPLE_TEXT } from "@revocab/test-support/sample";
import { SHARDS, shardedSample } from "@revocab/test-support/sharded-sample";
import { beforeEach, describe, expect, it } from "vitest";
import { expectDone, hubForEachTest } from "./hub-of-test.ts";
import { inProcess } from "./in-process.ts";
import { expectOneFailure } from "./revocab.ts";

const at = hubForEachTest();
beforeEach(() => void at.hub.add("org/shards", shardedSample()));

const run = (...args: string[]) =>
  inProcess(["swap", ...args, "--tokenizer", "org/new-tokenizer"], { env: at.env });
const remote = (...more: string[]) => run("org/shards", "--publish", "me/model", "--remote", ...more);
const noCopy = (times = 1) =>
  at.hub.misbehave({
    path: /\/duplicate$/,
    times,
    fault: { kind: "refuse-copy", error: "another region", count: 9 },
  });

describe("swap --remote", () => {
  it("makes the model on the Hub, and says what was copied and what was sent", async () => {
    const finished = await remote();
    const printed = expectDone(finished);
    expect(printed).toMatch(/✓ {2}weights .*\n/);
    expect(printed).toMatch(
      /10 files, [\d,]+ bytes to me\/model, a new repository\n.*copied on the Hub: 2 files, [\d,]+ bytes\n.*sent: [\d,]+ bytes\nPublished as [0-9a-f]{12}: http.*\/me\/model\n$/,
    );
    expect(printed).not.toContain("Written to");
    expect(finished.stderr).toMatch(/hub: org\/shards@[0-9a-f]{12}: .* MB came over the network\n/);
    const { commits } = at.hub.repository("me/model")!;
    const files = commits.get(at.commitOf("me/model"))!.files;
    expect([...files.keys()]).toEqual(expect.arrayContaining([...SHARDS, "README.md", "revocab.json"]));
    const card = readFileSync(files.get("README.md")!.place, "utf8");
    expect(card).toMatch(/base_model:\s+(- )?"?org\/shards"?\n/);
    expect(card).toContain(`org/shards@${at.commitOf("org/shards")}`);
    expect(at.hub.complaints).toEqual([]);
  });

  it("says how much must move where the Hub does not copy, in its JSON too, and with only refuses", async () => {
    noCopy(2);
    const refused = await remote("only", "--private", "--quiet");
    expectOneFailure(
      refused,
      /the Hub does not copy 2 files of org\/shards \(.*"another region"\): [\d,]+ bytes would have to move/,
    );
    expect(refused.stderr).toMatch(/or let it move: --remote\n$/);
    expect(at.hub.repository("me/model")!.commits.size).toBe(1);
    const moved = await remote("--private", "--json");
    const { published, downloads } = JSON.parse(expectDone(moved));
    expect(published).toMatchObject({ repository: "me/model", copied: [], moved: [{}, {}] });
    expect(published.sent).toBeGreaterThan(0);
    expect(downloads.map(({ name }: { name: string }) => name)).toEqual(["org/shards", "org/new-tokenizer"]);
    expect(moved.stderr).toMatch(/hub: the Hub does not copy 2 files .* are downloaded and uploaded\n/);
  });

  const wrong: [string, string[], RegExp][] = [
    ["a folder to write", ["--out", "out"], /--out writes a folder, but --remote writes no model/],
    ["a dry run", ["--dry-run"], /--dry-run says .*, but --remote/],
    ["a score", ["--eval", SAMPLE_TEXT], /--eval scores the written model, but --remote/],
    ["training", ["--heal", "10s"], /--heal trains with the whole model, but --remote/],
    ["a page", ["--html", "page.html"], /--html shows the written model, but --remote/],
    ["a method that runs the model", ["--text", SAMPLE_TEXT], /the method runs the model, but with --remote/],
    [
      "a comparison",
      ["--method", "auto", "--text", SAMPLE_TEXT],
      /--method auto runs the model, but with --remote/,
    ],
  ];
  it.each(wrong)("refuses %s before it asks the Hub for anything", async (_, more, message) => {
    expectOneFailure(await remote(...more, "--quiet"), message);
    expect(at.hub.requests).toEqual([]);
  });

  it("refuses a model of this machine, and a result that is not published", async () => {
    const here = await run(SAMPLE_MODEL, "--publish", "me/model", "--remote", "--quiet");
    expectOneFailure(here, /--remote copies a repository of the Hub, but .* is on this machine/);
    expectOneFailure(await run("org/shards", "--remote", "--quiet"), /--remote was given without --publish/);
    expect(at.hub.requests).toEqual([]);
  });
});
