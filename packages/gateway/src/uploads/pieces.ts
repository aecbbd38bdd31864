import { randomBytes } from "node:crypto";
import type { AgentPrincipal } from "../identity/principal.ts";
import { behalfOf } from "../sessions/session-row.ts";
import type { UploadRoom } from "./upload-room.ts";

/**
 * Uploads that arrive in pieces, until the last one: in memory alone, so that nothing of half an upload lies on a disk (I5). A restart
 * forgets them; a client told that there is no such upload begins anew. Each belongs to the agent that began it, and to whom it acts for.
 */
export interface Piecewise {
  readonly id: string;
  readonly owner: string;
  /** Whoever began it, for whomever: what is bounded is bounded for all of them together (I10). */
  readonly agent: string;
  readonly project: string;
  /** The load job, as it was sent with the upload's beginning. */
  readonly description: string;
  readonly pieces: Buffer[];
  size: number;
  /** Bytes of the whole, as soon as the client has said so. */
  total: number | undefined;
  touched: number;
  /** A piece is arriving, or the job is being made. */
  busy: boolean;
  /** The session of the job that was made: the last answer may not have arrived. */
  made: string | undefined;
  /** Gives back the memory that its bytes were given. */
  readonly release: () => void;
}

/** Begun and not forgotten; what their bytes may hold in memory is bounded by UploadRoom (I10). */
export const MOST_PER_AGENT = 4;
export const MOST_IN_ALL = 64;
/** Milliseconds from one piece to the next. */
export const IDLE_MS = 10 * 60_000;

export class Pieces {
  readonly #clock: () => number;
  readonly #room: UploadRoom;
  /** Bytes of the largest upload. */
  readonly #largest: number;
  readonly #uploads = new Map<string, Piecewise>();

  constructor(clock: () => number, room: UploadRoom, largest: number) {
    this.#clock = clock;
    this.#room = room;
    this.#largest = largest;
  }

  /** undefined: this agent, or all together, have begun as many as there may be. */
  begin(principal: AgentPrincipal, project: string, description: string, total: number | undefined) {
    this.#forgetIdle();
    const owner = ownerOf(principal);
    const agent = agentOf(principal);
    const own = [...this.#uploads.values()].filter((upload) => upload.agent === agent);
    // One whose job is made is kept for its answer alone.
    const done = own.find(({ made, busy }) => made !== undefined && !busy);
    if (own.length >= MOST_PER_AGENT && done !== undefined) this.forget(done);
    else if (own.length >= MOST_PER_AGENT) return undefined;
    if (this.#uploads.size >= MOST_IN_ALL) return undefined;
    const release = this.#room.take(agent, total ?? this.#largest);
    if (release === undefined) return undefined;
    const upload: Piecewise = {
      id: randomBytes(24).toString("base64url"),
      owner,
      agent,
      project,
      description,
      pieces: [],
      size: 0,
      total,
      touched: this.#clock(),
      busy: false,
      made: undefined,
      release,
    };
    this.#uploads.set(upload.id, upload);
    return upload;
  }

  /** As if there were none, for whoever didn't begin it. */
  find(id: string, principal: AgentPrincipal, project: string): Piecewise | undefined {
    this.#forgetIdle();
    const upload = this.#uploads.get(id);
    if (upload === undefined || upload.owner !== ownerOf(principal) || upload.project !== project) return undefined;
    upload.touched = this.#clock();
    return upload;
  }

  forget(upload: Piecewise): void {
    upload.release();
    this.#uploads.delete(upload.id);
  }

  #forgetIdle(): void {
    const before = this.#clock() - IDLE_MS;
    for (const upload of this.#uploads.values()) if (upload.touched < before && !upload.busy) this.forget(upload);
  }
}

function ownerOf(principal: AgentPrincipal): string {
  return JSON.stringify([principal.issuer, principal.subject, behalfOf(principal)]);
}

/** The agent alone, for whomever it acts: by it is counted what one agent may have at once (I10). */
export function agentOf({ issuer, subject }: AgentPrincipal): string {
  return JSON.stringify([issuer, subject]);
}
