import type { SessionError } from "./session.ts";

/** What the agent is told in place of rows. */
export class PageError extends Error {
  override readonly name = "PageError";
  readonly error: SessionError;
  constructor(error: SessionError) {
    super(error.message);
    this.error = error;
  }
}
