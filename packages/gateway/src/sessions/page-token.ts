import type { Sealer } from "../evidence/seal.ts";
import type { SessionRow } from "./session-row.ts";

/** Where the next page begins, sealed so that it fits one session and tells nothing. */
export interface PageToken {
  readonly upstream: string;
  readonly row: number;
}

export function writeToken(sealer: Sealer, row: SessionRow, token: PageToken): string {
  return Buffer.from(sealer.seal(JSON.stringify(token), `page:${row.id}`)).toString("base64url");
}

/** undefined: a token of another session, another agent or another key does not open. */
export function readToken(sealer: Sealer, row: SessionRow, text: string): PageToken | undefined {
  try {
    return JSON.parse(sealer.open(Buffer.from(text, "base64url"), `page:${row.id}`)) as PageToken;
  } catch {
    return undefined;
  }
}
