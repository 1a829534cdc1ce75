// Where the browser is that the tests of pages run in. Plain JavaScript without imports from node_modules: the count of a CI
// run asks, too.
import { existsSync } from "node:fs";

/** The path of a Chromium, or undefined: `REVOCAB_CHROMIUM`, or where the packages of Debian and others put it. */
export function findBrowser() {
  return [process.env.REVOCAB_CHROMIUM, ...PLACES].find((path) => path !== undefined && existsSync(path));
}

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];
