import { readFileSync } from "node:fs";

/** The script that brings the panels of a page to life, as one text without imports. */
export function pageScript(): string {
  return readFileSync(new URL("./page.js", import.meta.url), "utf8");
}

/** The style sheet of what the panels hold. */
export function pageStyles(): string {
  return readFileSync(new URL("./page.css", import.meta.url), "utf8");
}
