export { loginAsDemoPerson } from "./demo-person.ts";
export { type LoginOptions, loadToken, login } from "./login.ts";
export { LoginError, type LoginErrorCode } from "./login-error.ts";
