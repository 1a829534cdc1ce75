import data from "./architectures.json" with { type: "json" };

const names = Object.entries(data.tableNames).map(([role, pattern]) => ({
  role: role as "input" | "output",
  expression: new RegExp(pattern),
}));

/** What a name says of a table: its role, and where it stands in the model. */
export interface TableName {
  readonly role: "input" | "output";
  /** Of its own kind: `input.layers.61` for `model.layers.61.embed_tokens.weight`; the role where no place is named. */
  readonly slot: string;
}

/** Reads the name of a tensor as that of a table, in any model; undefined for a name that tells no table. */
export function readTableName(tensorName: string): TableName | undefined {
  for (const { role, expression } of names) {
    const match = expression.exec(tensorName);
    if (match === null) continue;
    const place = (match[1] ?? match[2] ?? "").replace(/^(model|transformer)(\.|$)/, "");
    return { role, slot: place === "" ? role : `${role}.${place}` };
  }
  return undefined;
}
