/**
 * Why a request wasn't begun to be written: its connection couldn't be made, or broke while the request waited for its turn on it. undici sends what waits
 * over another connection where the other side closed this one properly, but fails it where that was reset.
 */
export class Unsent extends Error {
  override readonly name = "Unsent";
  override readonly cause: Error;
  constructor(cause: Error) {
    super("the request wasn't sent");
    this.cause = cause;
  }
}
