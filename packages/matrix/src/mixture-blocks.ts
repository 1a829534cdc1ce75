/** Target rows [start, end) computed and delivered together. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
}

/** Cuts the rows into blocks of at most `maximumRows` rows and `maximumSources` sources; one row may exceed the latter. */
export function mixtureBlocks(offsets: Uint32Array, maximumRows: number, maximumSources: number): RowRange[] {
  const rows = offsets.length - 1;
  const blocks: RowRange[] = [];
  for (let start = 0; start < rows; ) {
    let end = start + 1;
    while (end < rows && end - start < maximumRows && offsets[end + 1] - offsets[start] <= maximumSources)
      end++;
    blocks.push({ start, end });
    start = end;
  }
  return blocks;
}

/** Cuts one block into at most `parts` ranges of about the same work: a row costs one unit per source and one to store. */
export function shareOfRows({ start, end }: RowRange, offsets: Uint32Array, parts: number): RowRange[] {
  const costBefore = (row: number) => offsets[row] - offsets[start] + (row - start);
  const total = costBefore(end);
  const ranges: RowRange[] = [];
  let from = start;
  for (let part = 1; part <= parts && from < end; part++) {
    let to = part === parts ? end : from;
    while (to < end && costBefore(to) < (total * part) / parts) to++;
    if (to > from) ranges.push({ start: from, end: to });
    from = to;
  }
  return ranges;
}
