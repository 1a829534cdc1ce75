import { type ProgressEvent, type ProgressListener, showLine } from "@revocab/core";
import { inStyle } from "./colors.ts";
import { inFlags } from "./in-flags.ts";
import { escaped, linesFor } from "./terminal.ts";

export interface ProgressRenderer {
  readonly onProgress: ProgressListener;
  /** Takes the line in progress off the terminal; the next event draws it again. */
  clear(): void;
  /** Ends the line in progress: where the work is done, in one line for all steps. */
  close(outcome?: { readonly isDone?: boolean }): void;
}

type Progress = Extract<ProgressEvent, { type: "progress" }>;

/** On a terminal a line that is redrawn, and at the end one for all steps; elsewhere plain lines, at most four for each step. */
export function progressRenderer(
  stream: NodeJS.WriteStream,
  { quiet = false }: { quiet?: boolean } = {},
): ProgressRenderer {
  if (quiet) return { onProgress: () => {}, clear: () => {}, close: () => {} };
  return stream.isTTY ? barRenderer(stream) : lineRenderer(stream);
}

/** The line stays with a step until it has been silent for so long. */
const PATIENCE_MS = 500;
/** A step that says nothing for so long shows that it is alive. */
const SILENCE_MS = 1000;

function barRenderer(stream: NodeJS.WriteStream): ProgressRenderer {
  let drawn = "";
  let current: string | undefined;
  let last = 0;
  let waiting: NodeJS.Timeout | undefined;
  const begun = performance.now();
  const steps = new Set<string>();
  const pace = paceOf();
  const columns = () => (stream.columns || 80) - 1;
  const draw = (line: string) => {
    stream.write(`\r${line.padEnd(drawn.length)}`);
    drawn = line;
  };
  const clear = () => {
    clearInterval(waiting);
    if (drawn) stream.write(`\r${" ".repeat(drawn.length)}\r`);
    drawn = "";
    current = undefined;
  };
  /** Counts the seconds of a step that says no more than its name. */
  const wait = (line: string) => {
    const started = performance.now();
    clearInterval(waiting);
    waiting = setInterval(() => {
      draw(`${line} ${Math.round((performance.now() - started) / 1000)} s`.slice(0, columns()));
    }, SILENCE_MS).unref();
  };
  return {
    onProgress(event) {
      if (event.type === "note") {
        clear();
        for (const line of linesFor(stream, escaped`${event.step}: ${inFlags(event.message)}`, "  "))
          stream.write(`${line}\n`);
        return;
      }
      steps.add(event.step);
      if (event.type === "step") {
        clear();
        draw(escaped`${event.step} …`.slice(0, columns()));
        wait(drawn);
        return;
      }
      const paceNow = pace(event);
      const now = performance.now();
      // two steps may report at once (writing and computing); the line would flicker between them
      if (current !== undefined && current !== event.step && now - last < PATIENCE_MS) return;
      current = event.step;
      if (event.done < event.total && now - last < 100) return;
      last = now;
      clearInterval(waiting);
      draw(lineOf(event, paceNow, columns()));
      if (event.done >= event.total) current = undefined;
    },
    clear,
    close({ isDone = false } = {}) {
      if (!isDone) {
        clearInterval(waiting);
        if (drawn) stream.write("\n");
        drawn = "";
        return;
      }
      clear();
      if (steps.size === 0) return;
      const line = foldedLine([...steps], (performance.now() - begun) / 1000, columns());
      stream.write(`${inStyle("green", "✓", stream)} ${inStyle("dim", line, stream)}\n`);
    },
  };
}

/** All steps in one line, behind a mark: how many and how long, and the names of as many as there is room for. */
function foldedLine(steps: readonly string[], seconds: number, columns: number): string {
  const shown = seconds < 60 ? `${seconds.toFixed(1)} s` : clock(seconds);
  const line = `${steps.length} ${steps.length === 1 ? "step" : "steps"} in ${shown}: ${steps.map((step) => showLine(step)).join(", ")}`;
  const room = columns - 2;
  return line.length <= room ? line : `${line.slice(0, room - 1)}…`;
}

/** The step, a bar, how much is done, and the time left; on a narrow terminal as much of it as fits. */
function lineOf(event: Progress, { rate, left }: Pace, columns: number): string {
  const detail = event.detail === undefined ? "" : `, ${showLine(event.detail)}`;
  const label = showLine(event.step).padEnd(16);
  const room = columns - label.length - 6;
  const done = amount(event);
  const choices = [`${done}${rate}${left}${detail}`, `${done}${rate}${left}`, `${done}${left}`];
  const said = choices.find(({ length }) => length <= room) ?? `${done}${left}`;
  const bar = barOf(event, Math.max(4, Math.min(24, columns - label.length - said.length - 2)));
  return `${label} ${bar} ${said}`.slice(0, columns);
}

function lineRenderer(stream: NodeJS.WriteStream): ProgressRenderer {
  const shown = new Map<string, { readonly quarter: number; readonly done: number }>();
  const pace = paceOf();
  return {
    onProgress(event) {
      if (event.type === "step") stream.write(escaped`${event.step} …\n`);
      else if (event.type === "note") stream.write(escaped`${event.step}: ${inFlags(event.message)}\n`);
      else {
        const { rate, left } = pace(event);
        const said = `${amount(event)}${rate}${left}`;
        const quarter = event.total === 0 ? 4 : Math.min(4, Math.floor((event.done / event.total) * 4));
        const before = shown.get(event.step);
        // a step of the same name has begun again
        const last = before === undefined || event.done < before.done ? 0 : before.quarter;
        shown.set(event.step, { quarter: Math.max(last, quarter), done: event.done });
        if (quarter > last) stream.write(escaped`${event.step}: ${said}\n`);
      }
    },
    clear() {},
    close() {},
  };
}

function amount({ done, total, unit }: Progress): string {
  if (unit !== "bytes") return `${done.toLocaleString("en")} of ${total.toLocaleString("en")} ${unit}`;
  const [size, name] = total < 1e6 ? [1e3, "kB"] : [1e6, "MB"];
  const of = (bytes: number) => Math.round(bytes / size).toLocaleString("en");
  return `${of(done)} of ${of(total)} ${name}`;
}

function barOf({ done, total }: Progress, width: number): string {
  const filled = Math.round((total === 0 ? 1 : done / total) * width);
  return `${"█".repeat(filled)}${"░".repeat(width - filled)}`;
}

/**
 * Tokens per second, how much of the whole is done, and the time left: of the whole where that is known, else of the step. Counted
 * from the first event; empty in the first second.
 */
function paceOf(): (event: Progress) => Pace {
  const starts = new Map<string, Start>();
  let whole: Start | undefined;
  return (event) => {
    const { step, done, total, unit } = event;
    const now = performance.now();
    const known = starts.get(step);
    // a step of the same name may have begun again
    const start = known === undefined || done < known.last ? { time: now, done, last: done } : known;
    start.last = done;
    starts.set(step, start);
    if (event.whole !== undefined) whole ??= { time: now, done: event.whole, last: event.whole };
    const seconds = (now - start.time) / 1000;
    const pace = { rate: "", left: "" };
    if (seconds >= 1 && done > start.done) {
      const perSecond = (done - start.done) / seconds;
      if (unit === "tokens") pace.rate = `, ${Math.round(perSecond).toLocaleString("en")}/s`;
      if (event.whole === undefined && done < total)
        pace.left = `, ${clock((total - done) / perSecond)} left`;
    }
    if (event.whole !== undefined && whole !== undefined && event.whole > whole.done && event.whole < 1) {
      const elapsed = (now - whole.time) / 1000;
      const left = (elapsed * (1 - event.whole)) / (event.whole - whole.done);
      if (elapsed >= 1) pace.left = `, ${Math.floor(100 * event.whole)} % of all, ${clock(left)} left`;
    }
    return pace;
  };
}

/** Each with a comma before it, or empty. */
interface Pace {
  readonly rate: string;
  readonly left: string;
}

interface Start {
  readonly time: number;
  readonly done: number;
  last: number;
}

/** `1:05`, and `2:01:05` from an hour on. */
function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (number: number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
