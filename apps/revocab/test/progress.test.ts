import type { ProgressEvent } from "@revocab/core";
import { describe, expect, it, vi } from "vitest";
import { progressRenderer } from "../src/progress.ts";

/** A stream that keeps what is written; `columns` makes it a terminal. */
function stream(columns?: number) {
  const written: string[] = [];
  const fake = { isTTY: columns !== undefined, columns, write: (text: string) => written.push(text) };
  return { written, stream: fake as unknown as NodeJS.WriteStream };
}

/** What a terminal shows in the end: a carriage return goes back to the start of the line. */
function screen(written: readonly string[]): string[] {
  return written
    .join("")
    .split("\n")
    .map((line) =>
      line
        .split("\r")
        .reduce((shown, text) => text + shown.slice(text.length), "")
        .trimEnd(),
    );
}

const rows = (step: string, done: number, total: number): ProgressEvent => ({
  type: "progress",
  step,
  done,
  total,
  unit: "rows",
});
const step = (name: string): ProgressEvent => ({ type: "step", step: name });
const bytes = (done: number, total: number): ProgressEvent => ({
  type: "progress",
  step: "write weights",
  done,
  total,
  unit: "bytes",
});

describe("progress on a terminal", () => {
  it("is a bar that fills on one line and ends it when full", () => {
    const { written, stream: terminal } = stream(100);
    const { onProgress } = progressRenderer(terminal);
    onProgress(step("plan input"));
    onProgress(rows("plan input", 750, 3000));
    expect(screen(written)).toEqual(["plan input       ██████░░░░░░░░░░░░░░░░░░ 750 of 3,000 rows"]);
    onProgress(rows("plan input", 3000, 3000));
    onProgress(step("write"));
    expect(screen(written)).toEqual([
      "plan input       ████████████████████████ 3,000 of 3,000 rows",
      "write …",
    ]);
  });

  it("is drawn at most ten times a second, but its end always", () => {
    const clock = vi.spyOn(performance, "now");
    const { written, stream: terminal } = stream(100);
    const { onProgress } = progressRenderer(terminal);
    for (let done = 1; done <= 1000; done++) {
      clock.mockReturnValue(10_000 + done); // a millisecond each
      onProgress(rows("plan input", done, 1000));
    }
    clock.mockRestore();
    expect(written.filter((text) => text.startsWith("\r"))).toHaveLength(11);
    expect(screen(written)[0]).toContain("1,000 of 1,000 rows");
  });

  it("keeps the line for the first of two steps that go on at once", () => {
    const clock = vi.spyOn(performance, "now");
    const { written, stream: terminal } = stream(100);
    const { onProgress } = progressRenderer(terminal);
    const events = [
      bytes(1e9, 2.2e9),
      rows("compute rows", 1, 2),
      bytes(2e9, 2.2e9),
      rows("compute rows", 2, 2),
    ];
    for (const [i, event] of [...events, bytes(2.2e9, 2.2e9)].entries()) {
      clock.mockReturnValue(10_000 + 200 * i);
      onProgress(event);
    }
    clock.mockRestore();
    expect(written.join("")).not.toContain("compute rows");
    expect(screen(written)).toEqual(["write weights    ████████████████████████ 2,200 of 2,200 MB", ""]);
  });

  it("never wraps a narrow terminal's line, and clears what a longer line left", () => {
    const { written, stream: terminal } = stream(40);
    const { onProgress } = progressRenderer(terminal);
    onProgress(step("a step with a name that is longer"));
    onProgress(rows("plan input", 1, 3000));
    for (const line of written.join("").split(/[\r\n]/)) expect(line.length).toBeLessThan(40);
    expect(screen(written)[0]).not.toContain("longer");
  });

  it("puts a note on a line of its own and ends an unfinished bar when it closes", () => {
    const { written, stream: terminal } = stream(100);
    const { onProgress, close } = progressRenderer(terminal);
    onProgress(bytes(1e6, 2e6));
    onProgress({ type: "note", step: "write weights", message: "not linked" });
    onProgress(step("check"));
    close();
    expect(screen(written)).toEqual([
      "write weights    ████████████░░░░░░░░░░░░ 1 of 2 MB",
      "write weights: not linked",
      "check …",
      "",
    ]);
  });
});

describe("progress elsewhere", () => {
  it("is plain lines, one a quarter", () => {
    const { written, stream: pipe } = stream();
    const { onProgress } = progressRenderer(pipe);
    onProgress(step("plan input"));
    for (let done = 1; done <= 100; done++) onProgress(rows("plan input", done, 100));
    onProgress({ type: "note", step: "write weights", message: "not linked" });
    expect(written).toEqual([
      "plan input …\n",
      "plan input: 25 of 100 rows\n",
      "plan input: 50 of 100 rows\n",
      "plan input: 75 of 100 rows\n",
      "plan input: 100 of 100 rows\n",
      "write weights: not linked\n",
    ]);
  });

  it("is nothing with quiet, on a terminal too", () => {
    for (const columns of [undefined, 80]) {
      const { written, stream: any } = stream(columns);
      const { onProgress, close } = progressRenderer(any, { quiet: true });
      onProgress(step("plan input"));
      onProgress(rows("plan input", 1, 1));
      onProgress({ type: "note", step: "write weights", message: "not linked" });
      close();
      expect(written).toEqual([]);
    }
  });
});
