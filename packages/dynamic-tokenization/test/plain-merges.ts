import type { Vocabulary } from "@revocab/core";
import type { BatchMerges, Merge, SegmentedText } from "@revocab/dynamic-tokenization";

/** The plain algorithm: counts all pairs anew before each merge. */
export function plainMerges(
  texts: readonly SegmentedText[],
  {
    vocabulary,
    firstId = vocabulary.size,
    merges: most,
  }: { vocabulary: Vocabulary; firstId?: number; merges: number },
): BatchMerges {
  let segments = texts.flatMap(segmentsOf);
  const tokens: Uint8Array[] = [];
  const bytesOf = (id: number) => (id < firstId ? vocabulary.bytesOf(id) : tokens[id - firstId]);
  const merges: Merge[] = [];
  const lengths = [total(segments)];
  while (merges.length < most) {
    const counts = new Map<string, number>();
    for (const segment of segments) {
      for (let i = 1; i < segment.length; i++) {
        const key = `${segment[i - 1]} ${segment[i]}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
    if (counts.size === 0) break;
    const [[best]] = [...counts].sort(([a, countA], [b, countB]) => {
      const [[a0, a1], [b0, b1]] = [a.split(" ").map(Number), b.split(" ").map(Number)];
      return countB - countA || a0 - b0 || a1 - b1;
    });
    const [left, right] = best.split(" ").map(Number);
    const bytes = Buffer.concat([bytesOf(left), bytesOf(right)]);
    const same = tokens.findIndex((each) => bytes.equals(each));
    const [own] = vocabulary.idsOf(bytes);
    const merged = own ?? firstId + (same < 0 ? tokens.push(new Uint8Array(bytes)) - 1 : same);
    segments = segments.map((segment) => mergedSegment(segment, { left, right, merged }));
    merges.push({ left, right, merged });
    lengths.push(total(segments));
  }
  return { firstId, merges, tokens, lengths };
}

/** A text after merges, one after the other. */
export function plainlyMerged(text: SegmentedText, merges: readonly Merge[]): number[] {
  return segmentsOf(text).flatMap((segment) => merges.reduce(mergedSegment, segment));
}

function mergedSegment(segment: readonly number[], { left, right, merged }: Merge): number[] {
  const result: number[] = [];
  for (let i = 0; i < segment.length; i++) {
    const isPair = segment[i] === left && segment[i + 1] === right;
    result.push(isPair ? merged : segment[i]);
    if (isPair) i++;
  }
  return result;
}

function segmentsOf({ ids, starts }: SegmentedText): number[][] {
  const segments: number[][] = [];
  for (const [place, id] of ids.entries()) {
    if (place === 0 || starts[place] === 1) segments.push([]);
    segments.at(-1)!.push(id);
  }
  return segments;
}

function total(segments: readonly (readonly number[])[]): number {
  return segments.reduce((sum, { length }) => sum + length, 0);
}
