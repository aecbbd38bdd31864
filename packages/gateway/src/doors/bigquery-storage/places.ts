import { GrpcError } from "../../grpc/status.ts";
import type { AgentPrincipal } from "../../identity/principal.ts";

/** How many calls are answered at once, of all agents and of each (I10). */
export class Places {
  readonly #inAll: number;
  readonly #perAgent: number;
  readonly #taken = new Map<string, number>();
  #all = 0;

  constructor(inAll: number, perAgent: number) {
    this.#inAll = inAll;
    this.#perAgent = perAgent;
  }

  async within<T>({ issuer, subject }: AgentPrincipal, work: () => Promise<T>): Promise<T> {
    const who = `${issuer}\n${subject}`;
    const own = this.#taken.get(who) ?? 0;
    if (own >= this.#perAgent)
      throw new GrpcError("resourceExhausted", "Too many calls of this agent are being answered; try again.");
    if (this.#all >= this.#inAll)
      throw new GrpcError("unavailable", "The gateway is answering as many calls as it may; try again.");
    this.#taken.set(who, own + 1);
    this.#all++;
    try {
      return await work();
    } finally {
      this.#all--;
      const left = (this.#taken.get(who) ?? 1) - 1;
      if (left === 0) this.#taken.delete(who);
      else this.#taken.set(who, left);
    }
  }
}
