import type { ProgressEvent } from "@revocab/core";
import { describe, expect, it, vi } from "vitest";
import { progressRenderer } from "../src/progress.ts";

/** A stream that keeps what is written; `columns` makes it a terminal. */
function stream(columns?: number) {
  const written: string[] = [];
  const fake = { isTTY: columns !== undefined, columns, write: (text: string) => written.push(text) };
  return { written, stream: fake as unknown as NodeJS.WriteStream };
}

/** What begins and ends a style. */
const STYLE = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g");

/** What a terminal shows in the end: a carriage return goes back to the start of the line. */
function screen(written: readonly string[]): string[] {
  return written
    .join("")
    .replaceAll(STYLE, "")
    .split("\n")
    .map((line) =>
      line
        .split("\r")
        .reduce((shown, text) => text + shown.slice(text.length), "")
        .trimEnd(),
    );
}

type Progress = Extract<ProgressEvent, { type: "progress" }>;
const rows = (step: string, done: number, total: number): Progress => ({
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

const tokens = (done: number, total: number): Progress => ({
  type: "progress",
  step: "score",
  done,
  total,
  unit: "tokens",
});

/** Sends each event at its second of a clock that stands still between them. */
function at(onProgress: (event: ProgressEvent) => void, events: readonly [number, ProgressEvent][]): void {
  const clock = vi.spyOn(performance, "now");
  for (const [seconds, event] of events) {
    clock.mockReturnValue(10_000 + 1000 * seconds);
    onProgress(event);
  }
  clock.mockRestore();
}

describe("tokens per second and the time left", () => {
  it("are shown from the first second after the first event on, and at the end only the rate", () => {
    const { written, stream: terminal } = stream(100);
    const { onProgress } = progressRenderer(terminal);
    at(onProgress, [
      [0, tokens(1000, 101_000)],
      [0.9, tokens(2000, 101_000)],
    ]);
    expect(screen(written).at(-1)).toMatch(/ 2,000 of 101,000 tokens$/);
    at(onProgress, [[2, tokens(3000, 101_000)]]);
    expect(screen(written).at(-1)).toMatch(/ 3,000 of 101,000 tokens, 1,000\/s, 1:38 left$/);
    at(onProgress, [[10, tokens(51_000, 101_000)]]);
    expect(screen(written).at(-1)).toMatch(/ 51,000 of 101,000 tokens, 5,000\/s, 0:10 left$/);
    at(onProgress, [[20, tokens(101_000, 101_000)]]);
    expect(screen(written).at(-1)).toMatch(/█ 101,000 of 101,000 tokens, 5,000\/s$/);
  });

  it("start anew where a step starts anew; of bytes it is the time left alone", () => {
    const { written, stream: terminal } = stream(100);
    const { onProgress } = progressRenderer(terminal);
    at(onProgress, [
      [0, tokens(0, 1000)],
      [100, tokens(1000, 1000)],
      [101, tokens(0, 1000)],
      [103, tokens(500, 1000)],
    ]);
    expect(written.join("")).toMatch(/ 1,000 of 1,000 tokens, 10\/s *\r/);
    expect(screen(written).at(-1)).toMatch(/ 500 of 1,000 tokens, 250\/s, 0:02 left$/);
    const bytesOnly = stream(100);
    at(progressRenderer(bytesOnly.stream).onProgress, [
      [0, bytes(1e6, 4e6)],
      [5, bytes(2e6, 4e6)],
    ]);
    expect(screen(bytesOnly.written).at(-1)).toMatch(/ 2 of 4 MB, 0:10 left$/);
  });

  it("are of the whole where that is known, also where steps follow one another", () => {
    const { written, stream: terminal } = stream(120);
    const { onProgress } = progressRenderer(terminal);
    at(onProgress, [
      [0, { ...rows("plan input", 0, 10), whole: 0 }],
      [10, { ...rows("plan input", 10, 10), whole: 0.1 }],
      [30, { ...tokens(100, 200), whole: 0.5, detail: "layer 3 of 32" }],
    ]);
    expect(written.join("")).toMatch(/ 10 of 10 rows, 10 % of all, 1:30 left *\r/);
    expect(screen(written).at(-1)).toMatch(/ 100 of 200 tokens, 50 % of all, 0:30 left, layer 3 of 32$/);
  });

  it("make the bar shorter, never the line longer than the terminal", () => {
    for (const columns of [40, 60, 72, 80, 100]) {
      const { written, stream: terminal } = stream(columns);
      at(progressRenderer(terminal).onProgress, [
        [0, tokens(0, 1_000_000)],
        [2, tokens(250_000, 1_000_000)],
      ]);
      for (const line of written.join("").split(/[\r\n]/)) expect(line.length).toBeLessThan(columns);
      const last = screen(written).at(-1) ?? "";
      if (columns < 72) continue;
      expect(last).toMatch(/ 250,000 of 1,000,000 tokens, 125,000\/s, 0:06 left$/);
      const bar = /[█░]+/.exec(last)?.[0] ?? "";
      expect(bar.length).toBeGreaterThanOrEqual(4);
      expect(bar.replaceAll("░", "").length / bar.length).toBeCloseTo(0.25, 0);
    }
  });

  it("are in plain lines too, where there is no terminal", () => {
    const { written, stream: pipe } = stream();
    at(progressRenderer(pipe).onProgress, [
      [0, tokens(0, 8000)],
      [4, tokens(4000, 8000)],
      [8, tokens(8000, 8000)],
    ]);
    expect(written).toEqual([
      "score: 4,000 of 8,000 tokens, 1,000/s, 0:04 left\n",
      "score: 8,000 of 8,000 tokens, 1,000/s\n",
    ]);
  });
});

describe("progress on a terminal", () => {
  it("is a bar that fills on one line, which the next step takes over", () => {
    const { written, stream: terminal } = stream(100);
    const { onProgress } = progressRenderer(terminal);
    onProgress(step("plan input"));
    onProgress(rows("plan input", 750, 3000));
    expect(screen(written)).toEqual(["plan input       ██████░░░░░░░░░░░░░░░░░░ 750 of 3,000 rows"]);
    onProgress(rows("plan input", 3000, 3000));
    onProgress(step("write"));
    expect(screen(written)).toEqual(["write …"]);
  });

  it("is one line for all steps once the work is done, cut where the terminal is narrow", () => {
    const lineAt = (columns: number) => {
      const { written, stream: terminal } = stream(columns);
      const { onProgress, close } = progressRenderer(terminal);
      at(onProgress, [
        [0, step("align")],
        [1, rows("plan input", 3000, 3000)],
        [2, step("write")],
        [3, bytes(2e6, 2e6)],
        [4, step("check")],
      ]);
      close({ isDone: true });
      return screen(written);
    };
    const [line, ...more] = lineAt(100);
    expect(line).toMatch(/^✓ 5 steps in [\d.]+ s: align, plan input, write, write weights, check$/);
    expect(more).toEqual([""]);
    expect(lineAt(40)[0]).toMatch(/^✓ 5 steps in [\d.]+ s: align, .*…$/);
    expect(lineAt(40)[0]!.length).toBeLessThan(40);
  });

  it("is taken off the terminal before the work prints something itself", () => {
    const { written, stream: terminal } = stream(100);
    const { onProgress, clear, close } = progressRenderer(terminal);
    onProgress(step("read the model"));
    clear();
    expect(screen(written)).toEqual([""]);
    close();
    expect(screen(written)).toEqual([""]);
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
    expect(screen(written)).toEqual(["write weights    ████████████████████████ 2,200 of 2,200 MB"]);
  });

  it("counts the seconds of a step that says no more than its name", () => {
    vi.useFakeTimers();
    const { written, stream: terminal } = stream(100);
    const { onProgress, close } = progressRenderer(terminal);
    onProgress(step("align"));
    vi.advanceTimersByTime(2000);
    expect(screen(written)).toEqual(["align … 2 s"]);
    onProgress(rows("align", 1, 2));
    vi.advanceTimersByTime(5000);
    expect(screen(written).at(-1)).toMatch(/ 1 of 2 rows$/);
    close();
    vi.useRealTimers();
  });

  it("never wraps a narrow terminal's line, and clears what a longer line left", () => {
    const { written, stream: terminal } = stream(40);
    const { onProgress } = progressRenderer(terminal);
    onProgress(step("a step with a name that is longer"));
    onProgress(rows("plan input", 1, 3000));
    for (const line of written.join("").split(/[\r\n]/)) expect(line.length).toBeLessThan(40);
    expect(screen(written)[0]).not.toContain("longer");
  });

  it("puts a note on a line of its own, broken at the width, and leaves an unfinished step where the work failed", () => {
    const { written, stream: terminal } = stream(100);
    const { onProgress, close } = progressRenderer(terminal);
    onProgress(bytes(1e6, 2e6));
    onProgress({ type: "note", step: "write weights", message: "not linked, ".repeat(10) });
    onProgress(step("check"));
    close();
    expect(screen(written)).toEqual([
      `write weights: ${"not linked, ".repeat(7).trim()}`,
      "  not linked, not linked, not linked,",
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

  it("is no line more when a step goes on beyond its total, and all of them when it begins again", () => {
    const { written, stream: pipe } = stream();
    const { onProgress } = progressRenderer(pipe);
    for (const done of [50, 100, 110, 120, 130]) onProgress(rows("write sample text", done, 100));
    expect(written).toHaveLength(2);
    for (const done of [50, 100]) onProgress(rows("write sample text", done, 100));
    expect(written).toHaveLength(4);
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
