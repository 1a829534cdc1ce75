import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Job, ProgressEvent } from "@revocab/core";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT } from "@revocab/test-support/sample";
import { type HealModelOptions, healModel } from "@revocab/transfer";
import { describe, expect, it } from "vitest";

const scratch = scratchFolders();
const heal = { model: SAMPLE_MODEL, batchTokens: 512, seed: 1, job: { threads: 1 } } as const;
const onText = { ...heal, text: SAMPLE_TEXT, budget: { kind: "steps", steps: 4 } } as const;
const byItself = {
  ...heal,
  teacher: SAMPLE_MODEL,
  written: 1200,
  budget: { kind: "steps", steps: 3 },
} as const;

const isStep = ({ type, step }: ProgressEvent) => type === "progress" && step === "train rows";

/** A job that calls `act` after each step. */
const afterSteps = (act: (steps: number) => void, abortSignal?: AbortSignal): Job => {
  let steps = 0;
  return { threads: 1, abortSignal, onProgress: (event) => isStep(event) && act(++steps) };
};

describe("healing that is kept in a file", () => {
  it("writes the same bytes after a stop and a crash as in one go, and then removes the file", async () => {
    const folder = scratch();
    const [state, out, whole] = [join(folder, "state"), join(folder, "out"), join(folder, "whole")];
    await healModel({ ...onText, out: whole });
    const stop = new AbortController();
    const stopping = afterSteps((steps) => steps === 1 && stop.abort(), stop.signal);
    await expect(healModel({ ...onText, state, out, job: stopping })).rejects.toMatchObject({
      code: "aborted",
      message: expect.stringContaining(`is kept as it was after step 1, in ${state}`),
    });
    expect(readdirSync(folder).sort()).toEqual(["state", "whole"]);
    const crashing = afterSteps((steps) => {
      if (steps === 2) throw new Error("power cut");
    });
    await expect(healModel({ ...onText, state, out, job: crashing })).rejects.toThrow("power cut");
    expect(readdirSync(folder).sort()).toEqual(["state", "whole"]);
    await healModel({ ...onText, state, out });
    expect(contentOf(out)).toEqual(contentOf(whole));
    expect(readdirSync(folder).sort()).toEqual(["out", "whole"]);
  });

  it("that was told to end can go on to another folder, and writes there what it would have written", async () => {
    const folder = scratch();
    const [state, early, out, whole] = ["state", "early", "out", "whole"].map((name) => join(folder, name));
    const finish = new AbortController();
    const job = afterSteps((steps) => steps === 2 && finish.abort());
    const finishSignal = finish.signal;
    const { training } = await healModel({ ...onText, state: state!, out: early!, finishSignal, job });
    expect(training).toMatchObject({ ended: "told to", steps: 2 });
    expect(existsSync(state!)).toBe(true);
    await healModel({ ...onText, state: state!, out: out! });
    expect(existsSync(state!)).toBe(false);
    await healModel({ ...onText, out: whole! });
    expect(contentOf(out!)).toEqual(contentOf(whole!));
  });

  it("has the text that the model wrote in it, and does not write another one", async () => {
    const folder = scratch();
    const [state, out, whole] = [join(folder, "state"), join(folder, "out"), join(folder, "whole")];
    const events: ProgressEvent[] = [];
    const hear = (event: ProgressEvent) => void events.push(event);
    await healModel({ ...byItself, out: whole, job: { threads: 1, onProgress: hear } });
    expect(events.some(({ step }) => step === "write sample text")).toBe(true);
    const stop = new AbortController();
    const stopping = afterSteps((steps) => steps === 1 && stop.abort(), stop.signal);
    await expect(healModel({ ...byItself, state, out, job: stopping })).rejects.toMatchObject({
      code: "aborted",
    });
    await expect(healModel({ ...byItself, written: 1300, state, out })).rejects.toMatchObject({
      code: "bad_options",
      message: expect.stringContaining(
        'its written is "1200 tokens by model", here it is "1300 tokens by model"',
      ),
    });
    events.length = 0;
    await healModel({ ...byItself, state, out, job: { threads: 1, onProgress: hear } });
    expect(events.some(({ step }) => step === "write sample text")).toBe(false);
    expect(contentOf(out)).toEqual(contentOf(whole));
  });

  it("on a given text does not go on without it", async () => {
    const folder = scratch();
    const [state, out] = [join(folder, "state"), join(folder, "out")];
    const stop = new AbortController();
    const job = afterSteps((steps) => steps === 1 && stop.abort(), stop.signal);
    await expect(healModel({ ...onText, state, out, job })).rejects.toMatchObject({ code: "aborted" });
    await expect(healModel({ ...byItself, state, out })).rejects.toMatchObject({
      code: "bad_options",
      message: expect.stringMatching(/is no checkpoint of this training: it has no text, expected one /),
    });
  });
});

describe("a file for the state is refused before anything is trained", () => {
  const refused = async (place: string, options: Partial<HealModelOptions>) => {
    const events: ProgressEvent[] = [];
    const job: Job = { onProgress: (event) => void events.push(event) };
    const error: unknown = await healModel({ ...onText, out: join(place, "out"), job, ...options }).catch(
      (cause: unknown) => cause,
    );
    expect(events.filter(isStep)).toEqual([]);
    expect(existsSync(join(place, "out"))).toBe(false);
    return error;
  };

  it.each<[string, (place: string) => string]>([
    ["in the output", (place) => join(place, "out", "state")],
    ["in the model", () => join(SAMPLE_MODEL, "state")],
    ["that is the text", () => SAMPLE_TEXT],
  ])("%s", async (_, of) => {
    const place = scratch();
    expect(await refused(place, { state: of(place) })).toMatchObject({
      code: "bad_options",
      message: expect.stringMatching(/^`state` .* overlaps the (in|out)put /),
    });
  });

  it("that is a folder, or lies in none", async () => {
    const place = scratch();
    mkdirSync(join(place, "state"));
    expect(await refused(place, { state: join(place, "state") })).toMatchObject({ code: "bad_file" });
    expect(await refused(place, { state: join(place, "none", "state") })).toMatchObject({
      code: "write_failed",
    });
  });

  it("that is something else, which stays as it is", async () => {
    const place = scratch();
    const state = join(place, "notes.txt");
    writeFileSync(state, "Not to be lost.");
    expect(await refused(place, { state })).toMatchObject({
      code: "bad_safetensors",
      hint: "name another file, or remove this one to begin again",
    });
    expect(readFileSync(state, "utf8")).toBe("Not to be lost.");
  });
});
