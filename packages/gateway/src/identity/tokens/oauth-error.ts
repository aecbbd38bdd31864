/** A refusal in OAuth's form (RFC 6749, 5.2). The description holds no part of a token. */
export class OAuthError extends Error {
  override readonly name = "OAuthError";
  readonly status: number;
  readonly error: OAuthErrorCode;
  constructor(status: number, error: OAuthErrorCode, description: string) {
    super(description);
    this.status = status;
    this.error = error;
  }
}

export type OAuthErrorCode =
  | "invalid_request"
  | "invalid_client"
  | "invalid_grant"
  | "invalid_target"
  | "invalid_dpop_proof"
  | "use_dpop_nonce"
  | "unsupported_grant_type"
  | "temporarily_unavailable"
  | "server_error";
