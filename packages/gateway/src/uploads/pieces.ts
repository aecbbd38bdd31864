import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type AgentPrincipal, agentOf } from "../identity/principal.ts";
import { behalfOf } from "../sessions/session-row.ts";
import { UploadError } from "./upload-error.ts";
import type { UploadRoom } from "./upload-room.ts";

/**
 * Uploads that arrive in pieces, until the last one: in memory alone, so that nothing of half an upload lies on a disk (I5). A restart
 * forgets them; a client told that there is no such upload begins anew. Each belongs to the agent that began it, and to whom it acts for.
 */
export interface Piecewise<S extends Stream = Stream> {
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
  readonly begun: number;
  touched: number;
  /** A piece is arriving, or the job is being made. */
  busy: boolean;
  /** While it is busy: whoever sent the piece has gone, and may come back. */
  left: boolean;
  /** The session of the job that was made: the last answer may not have arrived. */
  made: string | undefined;
  /** Where its rows go, once they are more than one statement takes; what came before is in `pieces` no more. */
  stream: S | undefined;
  /** Gives back the memory that its bytes were given. */
  readonly release: () => void;
}

interface Stream {
  add(bytes: Buffer): Promise<void>;
  breakOff(error?: unknown): Promise<void>;
}

/** Begun and not forgotten; what their bytes may hold in memory is bounded by UploadRoom (I10). */
export const MOST_PER_AGENT = 4;
export const MOST_IN_ALL = 64;
/** Milliseconds from one piece to the next, and how many of them are left to it where another agent finds no room. */
export const IDLE_MS = 2 * 60_000;
export const SPARED_MS = 30_000;
/** For the ends of those that are under way when the gateway ends; a restart ends the others. */
const CLOSE_MS = 2_000;

export class Pieces<S extends Stream = Stream> {
  readonly #clock: () => number;
  readonly #room: UploadRoom;
  /** Bytes of the largest upload. */
  readonly #largest: number;
  readonly #lifeMs: number;
  readonly #uploads = new Map<string, Piecewise<S>>();

  /** @param lifeMs from its beginning to its last piece: who sends a byte now and then would keep its room, and its table from others, for ever */
  constructor(clock: () => number, room: UploadRoom, largest: number, lifeMs: number) {
    this.#clock = clock;
    this.#room = room;
    this.#largest = largest;
    this.#lifeMs = lifeMs;
  }

  /** undefined: this agent, or all together, have begun as many as there may be. */
  begin(principal: AgentPrincipal, project: string, description: string, total: number | undefined) {
    this.forgetIdle();
    const owner = ownerOf(principal);
    const agent = agentOf(principal);
    const own = [...this.#uploads.values()].filter((upload) => upload.agent === agent);
    // One whose job is made is kept for its answer alone.
    const done = own.find(({ made, busy }) => made !== undefined && !busy);
    if (own.length >= MOST_PER_AGENT && done !== undefined) void this.forget(done);
    else if (own.length >= MOST_PER_AGENT) return undefined;
    if (this.#uploads.size >= MOST_IN_ALL) return undefined;
    const bytes = roomFor(total, this.#largest);
    const release = this.#room.take(agent, bytes) ?? this.#instead(agent, bytes);
    if (release === undefined) return undefined;
    const upload: Piecewise<S> = {
      id: randomBytes(24).toString("base64url"),
      owner,
      agent,
      project,
      description,
      pieces: [],
      size: 0,
      total,
      begun: this.#clock(),
      touched: this.#clock(),
      busy: false,
      left: false,
      made: undefined,
      stream: undefined,
      release,
    };
    this.#uploads.set(upload.id, upload);
    return upload;
  }

  /** As if there were none, for whoever didn't begin it. */
  find(id: string, principal: AgentPrincipal, project: string): Piecewise<S> | undefined {
    this.forgetIdle();
    const upload = this.#uploads.get(id);
    if (upload === undefined || upload.owner !== ownerOf(principal) || upload.project !== project) return undefined;
    upload.touched = this.#clock();
    return upload;
  }

  /** Resolves when what it held is free again. */
  async forget(upload: Piecewise<S>, error?: UploadError): Promise<void> {
    await this.#end(upload, error);
  }

  /** Also asked from time to time: an upload that nobody goes on with, or that doesn't end, keeps others from its table. */
  forgetIdle(): void {
    for (const upload of this.#idle(IDLE_MS)) void this.forget(upload);
    const before = this.#clock() - this.#lifeMs;
    for (const upload of this.#uploads.values())
      if (upload.begun < before && !upload.busy)
        void this.forget(upload, new UploadError("The upload took longer than it may. Nothing was written."));
  }

  /** Nothing more comes: resolves when those that were under way have ended, or soon. */
  async close(): Promise<void> {
    const ends = [...this.#uploads.values()].map((upload) => this.#end(upload));
    await Promise.race([Promise.all(ends), delay(CLOSE_MS, undefined, { ref: false })]);
  }

  async #end(upload: Piecewise<S>, error?: UploadError): Promise<void> {
    upload.release();
    this.#uploads.delete(upload.id);
    if (upload.made === undefined) await upload.stream?.breakOff(error).catch(() => undefined);
  }

  /** An agent that holds nothing finds room where others let theirs lie: what is idle longest goes, of who holds most. */
  #instead(agent: string, bytes: number): (() => void) | undefined {
    if (this.#room.of(agent) > 0) return undefined;
    const idle = this.#idle(SPARED_MS).filter(({ made }) => made === undefined);
    idle.sort((a, b) => this.#room.of(b.agent) - this.#room.of(a.agent) || a.touched - b.touched);
    for (const upload of idle) {
      void this.forget(upload);
      const release = this.#room.take(agent, bytes);
      if (release !== undefined) return release;
    }
    return undefined;
  }

  #idle(ms: number): Piecewise<S>[] {
    const before = this.#clock() - ms;
    return [...this.#uploads.values()].filter(
      ({ touched, busy, left, stream }) => touched < before && (!busy || (left && stream !== undefined)),
    );
  }
}

/** What an upload holds at most: all of it or, where its rows go on, its beginning, and then a thread and what is on its way. */
export function roomFor(total: number | undefined, largest: number): number {
  return total !== undefined && total <= largest ? total : 2 * largest;
}

function ownerOf(principal: AgentPrincipal): string {
  return JSON.stringify([principal.issuer, principal.subject, behalfOf(principal)]);
}
