/** A piece of a table: rows [startRow, startRow + rows) × columns [startColumn, startColumn + columns). */
export interface TableRectangle {
  readonly startRow: number;
  readonly rows: number;
  readonly startColumn: number;
  readonly columns: number;
}

interface Panel {
  readonly startColumn: number;
  readonly columns: number;
  readonly seen: Uint8Array;
}

/** Knows which values of a table [rows × columns] have been written, so that none stays unwritten in silence. */
export class Coverage {
  readonly #rows: number;
  readonly #columns: number;
  readonly #panels: Panel[] = [];

  constructor(rows: number, columns: number) {
    this.#rows = rows;
    this.#columns = columns;
  }

  /** @throws RangeError when the piece leaves the table or covers values a second time. */
  add(piece: TableRectangle): void {
    const { startRow, rows, startColumn, columns } = piece;
    const endRow = startRow + rows;
    const text = `rows ${startRow} … ${endRow}, columns ${startColumn} … ${startColumn + columns}`;
    if (
      !(startRow >= 0 && rows > 0 && endRow <= this.#rows) ||
      !(startColumn >= 0 && columns > 0 && startColumn + columns <= this.#columns)
    ) {
      throw new RangeError(`${text} leave the table [${this.#rows} × ${this.#columns}]`);
    }
    for (const panel of this.#panels) {
      const overlaps =
        panel.startColumn < startColumn + columns && startColumn < panel.startColumn + panel.columns;
      if (overlaps && panel.seen.subarray(startRow, endRow).includes(1)) {
        throw new RangeError(`${text} are written twice`);
      }
    }
    this.#panel(startColumn, columns).seen.fill(1, startRow, endRow);
  }

  /** The first row with a value that was not written; undefined when all were. */
  firstMissingRow(): number | undefined {
    const covered = new Uint32Array(this.#rows);
    for (const { columns, seen } of this.#panels) {
      for (let row = 0; row < covered.length; row++) covered[row]! += seen[row]! * columns;
    }
    const row = covered.findIndex((count) => count !== this.#columns);
    return row === -1 ? undefined : row;
  }

  #panel(startColumn: number, columns: number): Panel {
    let panel = this.#panels.find((known) => known.startColumn === startColumn && known.columns === columns);
    if (panel === undefined) {
      panel = { startColumn, columns, seen: new Uint8Array(this.#rows) };
      this.#panels.push(panel);
    }
    return panel;
  }
}
