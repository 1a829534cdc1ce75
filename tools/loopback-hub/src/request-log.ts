/** What was asked and how much was moved; no header of it is kept but these. */
export interface RequestRecord {
  readonly server: "hub" | "storage" | "models";
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly range: string | undefined;
  readonly authorized: boolean;
  status: number;
  /** Of the body. */
  received: number;
  /** Of the body. */
  sent: number;
}
