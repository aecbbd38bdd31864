/** What a command refuses, in words for the person at the terminal. */
export class CliError extends Error {
  override readonly name = "CliError";
}
