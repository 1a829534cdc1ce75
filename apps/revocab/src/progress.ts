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

function barRenderer(stream: NodeJS.WriteStream): ProgressRenderer {
  let drawn = "";
  let current: string | undefined;
  let last = 0;
  const pace = paceOf();
  const finish = () => {
    if (drawn) stream.write("\n");
    drawn = "";
    current = undefined;
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
        drawn = escaped`${event.step} …`;
        stream.write(drawn);
        return;
      }
      pace(event);
      const now = performance.now();
      // two steps may report at once (writing and computing); the line would flicker between them
      if (current !== undefined && current !== event.step && now - last < PATIENCE_MS) return;
      current = event.step;
      if (event.done < event.total && now - last < 100) return;
      last = now;
      const columns = (stream.columns || 80) - 1;
      const label = showLine(event.step).padEnd(16);
      const said = `${amount(event)}${pace(event)}`;
      const bar = barOf(event, Math.max(4, Math.min(24, columns - label.length - said.length - 2)));
      const line = `${label} ${bar} ${said}`.slice(0, columns);
      stream.write(`\r${line.padEnd(drawn.length)}`);
      drawn = line;
      if (event.done >= event.total) finish();
    },
    close: finish,
  };
}

function lineRenderer(stream: NodeJS.WriteStream): ProgressRenderer {
  const quarters = new Map<string, number>();
  const pace = paceOf();
  return {
    onProgress(event) {
      if (event.type === "step") stream.write(escaped`${event.step} …\n`);
      else if (event.type === "note") stream.write(escaped`${event.step}: ${inFlags(event.message)}\n`);
      else {
        const said = `${amount(event)}${pace(event)}`;
        const quarter = event.total === 0 ? 4 : Math.floor((event.done / event.total) * 4);
        if (quarter === 0 || quarter <= (quarters.get(event.step) ?? 0)) return;
        quarters.set(event.step, quarter === 4 ? 0 : quarter);
        stream.write(escaped`${event.step}: ${said}\n`);
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

/** Tokens per second and the time left, counted from a step's first event; empty in its first second. */
function paceOf(): (event: Progress) => string {
  const starts = new Map<string, { readonly time: number; readonly done: number; last: number }>();
  return ({ step, done, total, unit }) => {
    if (unit !== "tokens") return "";
    const now = performance.now();
    const start = starts.get(step);
    // a step of the same name has begun again
    if (start === undefined || done < start.last) {
      starts.set(step, { time: now, done, last: done });
      return "";
    }
    start.last = done;
    const seconds = (now - start.time) / 1000;
    if (seconds < 1 || done === start.done) return "";
    const perSecond = (done - start.done) / seconds;
    const left = Math.round((total - done) / perSecond);
    const rate = `, ${Math.round(perSecond).toLocaleString("en")}/s`;
    return done >= total
      ? rate
      : `${rate}, ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} left`;
  };
}
