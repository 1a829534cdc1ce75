import { runProgram } from "./run-program.ts";
import { stopOnClosedOutput } from "./stop-on-closed-output.ts";

stopOnClosedOutput(process.stdout);
await runProgram(process.argv.slice(2));
