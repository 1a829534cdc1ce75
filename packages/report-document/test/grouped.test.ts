import { grouped } from "@revocab/report-document";
import fc from "fast-check";
import { expect, it } from "vitest";

it("a number is grouped as in English, to thousandths", () => {
  expect([0, 999, 1000, 1234567, -1234.5, 0.0004, 1e15].map(grouped)).toEqual([
    ...["0", "999", "1,000", "1,234,567", "-1,234.5", "0", "1,000,000,000,000,000"],
  ]);
  const numbers = fc.double({ min: 0, max: 1e15, noNaN: true });
  fc.assert(
    fc.property(numbers, (number) => grouped(number) === number.toLocaleString("en")),
    { seed: 1 },
  );
});
