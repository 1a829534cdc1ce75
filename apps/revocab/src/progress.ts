import type { ProgressEvent, ProgressListener } from "@revocab/core";

export interface ProgressRenderer {
  readonly onProgress: ProgressListener;
  /** Ends the line in progress. */
  close(): void;
}

type Progress = Extract<ProgressEvent, { type: "progress" }>;

/** Bars that redraw on a terminal; elsewhere plain lines, at most one a quarter of each step. */
export function progressRenderer(
  stream: NodeJS.WriteStream,
  { quiet = false }: { quiet?: boolean } = {},
): ProgressRenderer {
  if (quiet) return { onProgress: () => {}, close: () => {} };
  return stream.isTTY ? barRenderer(stream) : lineRenderer(stream);
}

/** A step that has not been heard of for so long no longer keeps the line. */
const PATIENCE = 500;

function barRenderer(stream: NodeJS.WriteStream): ProgressRenderer {
  let drawn = "";
  let current: string | undefined;
  let last = 0;
  const finish = () => {
    if (drawn) stream.write("\n");
    drawn = "";
    current = undefined;
  };
  return {
    onProgress(event) {
      if (event.type === "note") {
        finish();
        stream.write(`${event.step}: ${event.message}\n`);
        return;
      }
      if (event.type === "step") {
        finish();
        drawn = `${event.step} …`;
        stream.write(drawn);
        return;
      }
      const now = performance.now();
      // two steps at once (writing and computing): the line stays with the first, or it would flicker
      if (current !== undefined && current !== event.step && now - last < PATIENCE) return;
      current = event.step;
      if (event.done < event.total && now - last < 100) return;
      last = now;
      const share = event.total === 0 ? 1 : event.done / event.total;
      const filled = Math.round(share * 24);
      const bar = `${"█".repeat(filled)}${"░".repeat(24 - filled)}`;
      const line = `${event.step.padEnd(16)} ${bar} ${amount(event)}`.slice(0, (stream.columns || 80) - 1);
      stream.write(`\r${line.padEnd(drawn.length)}`);
      drawn = line;
      if (event.done >= event.total) finish();
    },
    close: finish,
  };
}

function lineRenderer(stream: NodeJS.WriteStream): ProgressRenderer {
  const quarters = new Map<string, number>();
  return {
    onProgress(event) {
      if (event.type === "step") stream.write(`${event.step} …\n`);
      else if (event.type === "note") stream.write(`${event.step}: ${event.message}\n`);
      else {
        const quarter = event.total === 0 ? 4 : Math.floor((event.done / event.total) * 4);
        if (quarter === 0 || quarter <= (quarters.get(event.step) ?? 0)) return;
        quarters.set(event.step, quarter === 4 ? 0 : quarter);
        stream.write(`${event.step}: ${amount(event)}\n`);
      }
    },
    close() {},
  };
}

function amount({ done, total, unit }: Progress): string {
  if (unit !== "bytes") return `${done.toLocaleString("en")} of ${total.toLocaleString("en")} ${unit}`;
  return `${megabytes(done)} of ${megabytes(total)} MB`;
}

function megabytes(bytes: number): string {
  return Math.round(bytes / 1e6).toLocaleString("en");
}
