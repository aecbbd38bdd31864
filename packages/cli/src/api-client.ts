/** The gateway's console API, as a person's command line uses it. */

/** What the gateway answered when it did not do what was asked. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly reason: string;
  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

export interface ApiClient {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
}

/** `url`: the gateway's, without a slash at its end. Never follows a redirect with the token. */
export function apiClient(url: string, token: () => Promise<string>): ApiClient {
  async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
    let response: Response;
    try {
      response = await fetch(`${url}/api/v1/${path}`, {
        method,
        redirect: "error",
        headers: {
          authorization: `Bearer ${await token()}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(30_000),
      });
    } catch (error) {
      if (error instanceof TypeError || (error instanceof DOMException && error.name === "TimeoutError"))
        throw new ApiError(
          0,
          "unreachable",
          `No gateway answers at ${url}. Is it running? Name it with --gateway URL or CHAPERONE_GATEWAY.`,
        );
      throw error;
    }
    // A proxy before the gateway, or another server, answers in its own form.
    const answer: unknown = await response.json().catch(() => undefined);
    const { error } = (answer ?? {}) as { error?: { message?: unknown; errors?: { reason: string }[] } };
    if (!response.ok && typeof error?.message === "string")
      throw new ApiError(response.status, error.errors?.[0]?.reason ?? "", error.message);
    if (!response.ok || typeof answer !== "object" || answer === null)
      throw new ApiError(
        response.status,
        "",
        `What answers at ${url} is no gateway (status ${response.status}). Is it running? Name it with --gateway URL or CHAPERONE_GATEWAY.`,
      );
    return answer as T;
  }
  return { get: (path) => call("GET", path), post: (path, body) => call("POST", path, body) };
}
