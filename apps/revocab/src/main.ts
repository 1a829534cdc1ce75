import { asFailure, printFailure } from "./failure.ts";
import { runProgram } from "./run-program.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // a reader that has seen enough (`| head`) is no failure; an output that cannot be written to is one
  if (error.code === "EPIPE") process.exit();
  printFailure(asFailure(error, "revocab"), false);
  process.exit(1);
});
await runProgram(process.argv.slice(2));
