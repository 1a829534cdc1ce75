/**
 * The first key that occurs twice at the top level of a JSON object, which `JSON.parse` would let pass unseen:
 * two readers could then see two different tensors under one name. `json` must be valid.
 */
export function repeatedKey(json: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  let expectsKey = false;
  for (let i = 0; i < json.length; i++) {
    const character = json[i];
    if (character === '"') {
      const end = stringEnd(json, i);
      if (depth === 1 && expectsKey) {
        const key = JSON.parse(json.slice(i, end + 1)) as string;
        if (seen.has(key)) return key;
        seen.add(key);
        expectsKey = false;
      }
      i = end;
    } else if (character === "{" || character === "[") {
      depth++;
      expectsKey = depth === 1;
    } else if (character === "}" || character === "]") {
      depth--;
    } else if (character === "," && depth === 1) {
      expectsKey = true;
    }
  }
  return undefined;
}

function stringEnd(json: string, start: number): number {
  let end = start + 1;
  while (json[end] !== '"') end += json[end] === "\\" ? 2 : 1;
  return end;
}
