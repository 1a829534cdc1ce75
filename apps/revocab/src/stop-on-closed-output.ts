import { asFailure, printFailure } from "./failure.ts";

/** A reader that has seen enough (`| head`) is no failure; an output that cannot be written to is one. */
export function stopOnClosedOutput(stream: NodeJS.WriteStream): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    printFailure(asFailure(error, "revocab"), false);
    process.exit(1);
  });
}
