/** `login_required`: log in again. `file`: the token file can't be used as it is. `refused`: the identity provider said no. `timeout`: nobody logged in. */
export type LoginErrorCode = "login_required" | "file" | "refused" | "timeout" | "provider";

/** Why there is no token; the message never holds one. */
export class LoginError extends Error {
  override readonly name = "LoginError";
  readonly code: LoginErrorCode;
  constructor(code: LoginErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
