// Prints the closing lines of a CI run from its two test reports. A stranger's run skips what needs the real data, and
// nothing else: every test that it skips must pass in the run with the data, which skips none. Where there is no browser, the
// tests of pages are counted as skipped and said to be.
// usage: node tools/setup/count-tests.mjs STRANGERS_REPORT REPORT_WITH_DATA FAILED_STEPS
import { existsSync, readFileSync } from "node:fs";
import { findBrowser } from "../browser-test/find-browser.mjs";

const [stranger, withData] = [process.argv[2], process.argv[3]].map(read);
const failedSteps = Number(process.argv[4]);
const passedWithData = new Set(withData.tests.filter(hasPassed).map(nameOf));
const withoutBrowser = findBrowser() === undefined ? stranger.tests.filter(needsBrowser).length : 0;
const mustRun = (test) => withoutBrowser === 0 || !needsBrowser(test);
const unproven = stranger.tests.filter(
  (test) => isSkipped(test) && mustRun(test) && !passedWithData.has(nameOf(test)),
);
const skipped = withData.tests.filter((test) => isSkipped(test) && mustRun(test));
for (const test of unproven)
  console.log(`skipped without the real data, and not passed with it: ${nameOf(test)}`);
for (const test of skipped) console.log(`skipped although the real data is there: ${nameOf(test)}`);
if (withoutBrowser > 0) console.log(`no Chromium here: ${withoutBrowser} tests of pages did not run`);
if (failedSteps > 0) console.log(`failed steps: ${failedSteps}`);
console.log(`as a stranger has it: ${summary(stranger)}`);
console.log(`with the real data: ${summary(withData)}`);
const both = bothRuns();
console.log(summary(both));
const isRight = [stranger, withData].every(({ tests, failed }) => tests.some(hasPassed) && failed === 0);
process.exit(isRight && unproven.length === 0 && skipped.length === 0 && failedSteps === 0 ? 0 : 1);

function read(path) {
  if (!existsSync(path)) {
    console.log(`the tests wrote no report to ${path}`);
    process.exit(1);
  }
  const { testResults, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(path, "utf8"));
  const tests = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, status }) => ({ file: name, fullName, status })),
  );
  // a file that fails before its first test is a failure without a failed test
  return { tests, failed: numFailedTests + (numFailedTests === 0 ? numFailedTestSuites : 0) };
}

/** Each test once: a file that ran with the real data as it ended there. */
function bothRuns() {
  const again = new Set(withData.tests.map(fileOf));
  const tests = [...stranger.tests.filter((test) => !again.has(fileOf(test))), ...withData.tests];
  return { tests, failed: stranger.failed + withData.failed };
}

function hasPassed({ status }) {
  return status === "passed";
}

function isSkipped({ status }) {
  return status !== "passed" && status !== "failed";
}

function needsBrowser(test) {
  return fileOf(test).startsWith("tools/browser-test/");
}

function nameOf(test) {
  return `${fileOf(test)}: ${test.fullName}`;
}

/** The clones lie in different places. */
function fileOf({ file }) {
  return /(packages|apps|tools|examples)\/.*$/.exec(file)?.[0] ?? file;
}

function summary({ tests, failed }) {
  return `${tests.filter(hasPassed).length} passed, ${failed} failed, ${tests.filter(isSkipped).length} skipped`;
}
