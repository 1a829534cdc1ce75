// Prints the closing line of a CI run from the test report: N passed, N failed, N skipped.
// usage: node tools/setup/count-tests.mjs REPORT FAILED_STEPS
import { existsSync, readFileSync } from "node:fs";

const [report, failedSteps] = [process.argv[2], Number(process.argv[3])];
if (!existsSync(report)) {
  console.log("the tests wrote no report");
  process.exit(1);
}
const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numFailedTestSuites } = JSON.parse(
  readFileSync(report, "utf8"),
);
// a file that fails before its first test is a failure without a failed test
const failed = numFailedTests + (numFailedTests === 0 && numFailedTestSuites > 0 ? numFailedTestSuites : 0);
if (failedSteps > 0) console.log(`failed steps: ${failedSteps}`);
console.log(`${numPassedTests} passed, ${failed} failed, ${numPendingTests + numTodoTests} skipped`);
process.exit(failed > 0 || failedSteps > 0 || numPassedTests === 0 ? 1 : 0);
