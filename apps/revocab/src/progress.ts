import { type ProgressEvent, type ProgressListener, showLine } from "@revocab/core";
import { inFlags } from "./in-flags.ts";
import { escaped } from "./terminal.ts";

export interface ProgressRenderer {
  readonly onProgress: ProgressListener;
  /** Ends the line in progress. */
  close(): void;
}

type Progress = Extract<ProgressEvent, { type: "progress" }>;

/** On a terminal a bar that is redrawn; elsewhere plain lines, at most four for each step. */
export function progressRenderer(
  stream: NodeJS.WriteStream,
  { quiet = false }: { quiet?: boolean } = {},
): ProgressRenderer {
  if (quiet) return { onProgress: () => {}, close: () => {} };
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
  const pace = paceOf();
  const draw = (line: string) => {
    stream.write(`\r${line.padEnd(drawn.length)}`);
    drawn = line;
  };
  const finish = () => {
    clearInterval(waiting);
    if (drawn) stream.write("\n");
    drawn = "";
    current = undefined;
  };
  /** Counts the seconds of a step that says no more than its name. */
  const wait = (line: string) => {
    const started = performance.now();
    clearInterval(waiting);
    waiting = setInterval(() => {
      draw(`${line} ${Math.round((performance.now() - started) / 1000)} s`);
    }, SILENCE_MS).unref();
  };
  return {
    onProgress(event) {
      if (event.type === "note") {
        finish();
        stream.write(escaped`${event.step}: ${inFlags(event.message)}\n`);
        return;
      }
      if (event.type === "step") {
        finish();
        draw(escaped`${event.step} …`);
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
      draw(lineOf(event, paceNow, (stream.columns || 80) - 1));
      if (event.done >= event.total) finish();
    },
    close: finish,
  };
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
