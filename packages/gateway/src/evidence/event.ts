/** One ledger entry before it is written. Plain JSON; never a result value, never a literal of the agent's SQL in the clear (I5). */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** JSON as `canonicalJson` writes it, made once of what many events say. */
export type CanonicalText = string & { readonly [CANONICAL]: true };
declare const CANONICAL: unique symbol;

export interface LedgerEvent {
  /** Dotted: `session.held`, `approval.decided`, `release.started`, `credential.refused`, `alarm.raised` … */
  readonly type: string;
  /** The session it belongs to, if any. */
  readonly session?: string;
  /** Everything else; canonicalised (RFC 8785) by the store, which adds `v`, `time` (RFC 3339, ms) and nothing more. */
  readonly data: { readonly [key: string]: Json } | CanonicalText;
}
