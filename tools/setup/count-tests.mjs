// Prints the closing lines of a CI run from its two test reports. A stranger's run may skip what needs the real data, and
// nothing else: every test that it skips must pass in the other, which skips none.
// usage: node tools/setup/count-tests.mjs REPORT STRANGERS_REPORT FAILED_STEPS
import { existsSync, readFileSync } from "node:fs";

const [report, strangersReport, failedSteps] = [process.argv[2], process.argv[3], Number(process.argv[4])];
const [whole, stranger] = [report, strangersReport].map(read);
const passes = new Set(whole.tests.filter(({ status }) => status === "passed").map(nameOf));
const unproven = stranger.tests.filter((test) => isSkipped(test) && !passes.has(nameOf(test)));
const skipped = whole.tests.filter(isSkipped);
for (const test of unproven)
  console.log(`skipped without the real data, and not passed with it: ${nameOf(test)}`);
for (const test of skipped) console.log(`skipped although the real data is there: ${nameOf(test)}`);
if (failedSteps > 0) console.log(`failed steps: ${failedSteps}`);
console.log(`as a stranger has it: ${summary(stranger)}`);
console.log(summary(whole));
const isRight = [whole, stranger].every(({ passed, failed }) => passed > 0 && failed === 0);
process.exit(isRight && unproven.length === 0 && skipped.length === 0 && failedSteps === 0 ? 0 : 1);

function read(path) {
  if (!existsSync(path)) {
    console.log(`the tests wrote no report to ${path}`);
    process.exit(1);
  }
  const { testResults, numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(
    readFileSync(path, "utf8"),
  );
  const tests = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, status }) => ({ file: name, fullName, status })),
  );
  return {
    tests,
    passed: numPassedTests,
    // a file that fails before its first test is a failure without a failed test
    failed: numFailedTests + (numFailedTests === 0 ? numFailedTestSuites : 0),
  };
}

function isSkipped({ status }) {
  return status !== "passed" && status !== "failed";
}

/** The clones lie in different places. */
function nameOf({ file, fullName }) {
  return `${/(packages|apps|tools|examples)\/.*$/.exec(file)?.[0] ?? file}: ${fullName}`;
}

function summary({ tests, passed, failed }) {
  return `${passed} passed, ${failed} failed, ${tests.filter(isSkipped).length} skipped`;
}
