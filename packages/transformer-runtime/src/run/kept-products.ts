import type { StateWidths } from "../graph/part.ts";
import type { BatchStates, LayerRunner } from "./layer-runner.ts";

/**
 * The products with weights inside of parts, from the way forward to the way back of one batch: those of the last parts as far as there is
 * room, so that a third of what a gradient costs is not computed twice. Arrays are used again for the next batch.
 */
export class KeptProducts {
  readonly #runner: Pick<LayerRunner, "parts" | "innerProducts">;
  readonly #room: number;
  #arrays = new Map<string, Float32Array>();

  /** @param room bytes that they may take in all */
  constructor(runner: Pick<LayerRunner, "parts" | "innerProducts">, room: number) {
    this.#runner = runner;
    this.#room = room;
  }

  /**
   * Where those of each part are, for a batch of so many rows.
   * @returns by part [rows × columns]; undefined for a part whose products are computed again
   */
  of(rows: number): readonly (BatchStates | undefined)[] {
    const widths = this.#runner.parts.map((_, index) => this.#runner.innerProducts(index));
    const found = widths.map((): BatchStates | undefined => undefined);
    let left = this.#room;
    for (const [index, own] of [...widths.entries()].reverse()) {
      left -= 4 * rows * columnsOf(own);
      if (left < 0) break;
      found[index] = this.#arraysOf(index, own, rows);
    }
    return found;
  }

  clear(): void {
    this.#arrays = new Map();
  }

  #arraysOf(index: number, widths: StateWidths, rows: number): BatchStates {
    return Object.fromEntries(
      Object.entries(widths).map(([name, columns]) => {
        const size = rows * columns;
        const key = `${index} ${name}`;
        const known = this.#arrays.get(key);
        const array = known !== undefined && known.length >= size ? known : new Float32Array(size);
        this.#arrays.set(key, array);
        return [name, array.subarray(0, size)] as const;
      }),
    );
  }
}

function columnsOf(widths: StateWidths): number {
  return Object.values(widths).reduce((sum, columns) => sum + columns, 0);
}
