import type { AuthorizationHeader } from "./bearer.ts";
import type { Confirmation } from "./confirmation.ts";
import { type Proof, verifyProof } from "./dpop.ts";
import { type Credential, CredentialError } from "./principal.ts";
import type { ProofNonces } from "./proof-nonces.ts";

/** What a request shows of who sends it. */
export interface Presented {
  readonly authorization: AuthorizationHeader;
  /** Each DPoP header. */
  readonly dpop: readonly string[];
  readonly method: string;
  /** By the gateway's public URL, as the client names it. */
  readonly url: string;
  /** Thumbprint of the client's certificate on a connection whose TLS ends here. What a proxy says of one counts for nothing. */
  readonly certificate: string | undefined;
}

/** The proof that a request comes with; undefined: none. @throws CredentialError `proof`, `nonce` */
export async function proofOf(
  presented: Presented,
  accessToken: string | undefined,
  now: number,
  nonces: ProofNonces | undefined,
): Promise<Proof | undefined> {
  if (presented.dpop.length === 0) return undefined;
  const { method, url } = presented;
  return verifyProof(presented.dpop, { method, url, accessToken, nonces }, now);
}

/**
 * That whoever sends a bound token has what it is bound to (RFC 9449, 7.1; RFC 8705, 3).
 * @throws CredentialError `binding`
 */
export function checkPossession(
  { confirmation }: Pick<Credential, "confirmation">,
  proof: Proof | undefined,
  certificate: string | undefined,
): void {
  const { jkt, x5t }: Confirmation = confirmation ?? {};
  if (jkt !== undefined && proof?.jkt !== jkt)
    throw new CredentialError("binding", "The token is bound to a key: send a DPoP proof that this key signed.");
  if (x5t !== undefined && certificate !== x5t)
    throw new CredentialError(
      "binding",
      "The token is bound to a client's certificate: send it over TLS that ends at the gateway, with that certificate.",
    );
}
