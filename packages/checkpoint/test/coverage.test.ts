import fc from "fast-check";
import { expect, it } from "vitest";
import { Coverage } from "../src/table-writer.ts";

it("any cut of a table into pieces, in any order, covers it; without one of them it does not", () => {
  const cuts = (size: number) => fc.uniqueArray(fc.integer({ min: 1, max: size - 1 }), { maxLength: 4 });
  fc.assert(
    fc.property(
      cuts(20),
      cuts(6),
      fc.infiniteStream(fc.nat()),
      fc.nat(),
      (rowCuts, columnCuts, order, left) => {
        const edges = (cut: number[], size: number) => [0, ...cut.toSorted((a, b) => a - b), size];
        const rows = edges(rowCuts, 20);
        const columns = edges(columnCuts, 6);
        const pieces = rows.slice(0, -1).flatMap((startRow, i) =>
          columns.slice(0, -1).map((startColumn, j) => ({
            startRow,
            rows: rows[i + 1]! - startRow,
            startColumn,
            columns: columns[j + 1]! - startColumn,
          })),
        );
        const keys = new Map(pieces.map((piece) => [piece, order.next().value as number]));
        const shuffled = pieces.toSorted((a, b) => keys.get(a)! - keys.get(b)!);
        const whole = new Coverage(20, 6);
        for (const piece of shuffled) whole.add(piece);
        expect(whole.firstMissingRow()).toBeUndefined();

        const missing = shuffled[left % shuffled.length]!;
        const partial = new Coverage(20, 6);
        for (const piece of shuffled) if (piece !== missing) partial.add(piece);
        expect(partial.firstMissingRow()).toBe(missing.startRow);
        for (const piece of shuffled)
          if (piece !== missing) expect(() => partial.add(piece)).toThrow(/twice/);
      },
    ),
  );
});
