import type { Connection } from "./connection.ts";
import { type Endings, TOOK_TOO_LONG } from "./endings.ts";
import { connectionByName, type EngineOptions } from "./engine-options.ts";
import type { JobFollower } from "./job-follower.ts";
import type { Launch } from "./launch.ts";
import type { Process } from "./process.ts";
import type { QueriedJobs } from "./queried-jobs.ts";
import { denied } from "./refusal.ts";
import type { ReleaseEnds } from "./release-ends.ts";
import type { SentOn } from "./sent-on.ts";
import { FINAL_STATES } from "./session.ts";
import { isNamedByUs, NOT_NAMED, openStatement, processed, type SessionRow } from "./session-row.ts";
import { RUNNING, WAITING } from "./statements.ts";

/** How long results can be read: BigQuery's own bound for anonymous result tables. */
const RESULT_LIFETIME_MS = 24 * 3600 * 1000;
/** How often sessions that nobody reads any more are looked for, and how many are closed at once. */
const CLOSING_MS = 60_000;
const SWEPT_AT_ONCE = 100;
/** How often expiry is looked for. */
const SWEEP_MS = 1000;

export interface UpkeepParts {
  readonly endings: Endings;
  readonly jobs: JobFollower;
  readonly launch: Launch;
  readonly queried: QueriedJobs;
  readonly process: Process;
  readonly sentOn: SentOn;
  readonly releaseEnds: ReleaseEnds;
  /** Aborted when the engine closes. */
  readonly stopped: AbortSignal;
}

/** Goes on with sessions that a restart or a failure broke off, and ends those whose time is over. */
export class Upkeep {
  readonly #o: EngineOptions;
  readonly #parts: UpkeepParts;
  /** Sessions whose work broke off in the middle, since the store or upstream failed: to be taken up again. */
  readonly #left = new Set<string>();
  #takingUp = false;
  #sweeper: NodeJS.Timeout | undefined;
  #nextClosing = 0;

  constructor(options: EngineOptions, parts: UpkeepParts) {
    this.#o = options;
    this.#parts = parts;
  }

  /** The session's work can't go on now: it is taken up again later. */
  leave(id: string): void {
    this.#left.add(id);
  }

  /** What breaks off is taken up again by the sweeper, so that no session waits for a restart. */
  async orLeave<T>(id: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#left.add(id);
      throw error;
    }
  }

  /** The same of what has begun. */
  orLeft<T>(id: string, work: Promise<T>): Promise<T> {
    return work.catch((error: unknown) => {
      this.#left.add(id);
      throw error;
    });
  }

  close(): void {
    clearInterval(this.#sweeper);
  }

  /** Picks every unfinished session up where the store left it. Call once, before the first request. */
  async resume(): Promise<{ resumed: number }> {
    while ((await this.#o.store.run("release.recover", {})).recovered > 0);
    const rows = (await this.#o.store.db
      .selectFrom("whole_sessions")
      .selectAll()
      .where("state", "not in", [...FINAL_STATES])
      .orderBy("created_at")
      .execute()) as SessionRow[];
    for (const row of rows) {
      const connection = this.#o.connections.find((c) => c.name === row.connection);
      if (connection === undefined) {
        await this.#parts.endings.end(
          row.id,
          "failed",
          denied("The connection this query went through is no longer configured."),
        );
        continue;
      }
      this.orLeave(row.id, () => this.#resumeOne(row, connection)).catch((error: unknown) =>
        this.#o.log.error({ session: row.id, err: error }, "a session could not be resumed"),
      );
    }
    this.#sweeper = setInterval(() => {
      void this.#sweep();
      void this.#takeUp();
      void this.#parts.releaseEnds.takeUp();
    }, SWEEP_MS);
    this.#sweeper.unref();
    return { resumed: rows.length };
  }

  async #resumeOne(row: SessionRow, connection: Connection): Promise<void> {
    switch (row.state) {
      case "received":
        if (await this.#parts.endings.admits(row, "denied"))
          await this.#parts.process.process(processed(row), connection, openStatement(this.#o, row));
        return;
      case "approved":
        await this.#parts.launch.startApproved(row);
        return;
      case "running":
        // The tables and routines it uses are its own for the time of a job that is launched by then: later there is none to launch.
        if (openStatement(this.#o, row).asked?.sentOn !== undefined) await this.#parts.sentOn.resume(row, connection);
        else if (row.upstream_job === NOT_NAMED) await this.#parts.queried.goOn(row, connection);
        // What BigQuery named is there.
        else if (!isNamedByUs(row) || row.updated_at + this.#o.limits.runMs <= this.#o.clock())
          this.#parts.jobs.follow(row);
        else await this.#parts.launch.launch(row, connection, openStatement(this.#o, row));
        return;
      case "releasing":
        this.#parts.jobs.follow(row);
        return;
      default:
        return;
    }
  }

  /** Goes on with what was left, one by one; the first that fails again ends this round, since what failed it still does. */
  async #takeUp(): Promise<void> {
    if (this.#takingUp || this.#left.size === 0) return;
    this.#takingUp = true;
    let current: string | undefined;
    try {
      for (const id of [...this.#left]) {
        current = id;
        if (this.#parts.stopped.aborted) return;
        const row = (await this.#o.store.db
          .selectFrom("whole_sessions")
          .selectAll()
          .where("id", "=", id)
          .executeTakeFirst()) as SessionRow | undefined;
        if (row === undefined) {
          this.#left.delete(id);
          continue;
        }
        if (row.state === "running" && row.updated_at + this.#o.limits.runMs <= this.#o.clock())
          await this.#parts.endings.end(id, "failed", TOOK_TOO_LONG);
        else {
          const unsent = row.state === "running" && row.upstream_job === NOT_NAMED;
          const own = unsent ? await this.#parts.queried.unsent(row) : undefined;
          await this.#resumeOne(own ?? row, connectionByName(this.#o, row.connection));
        }
        this.#left.delete(id);
        this.#parts.queried.over(id);
        this.#parts.endings.changed(id);
      }
    } catch (error) {
      // The next round begins with another, lest one that can't be helped holds up all others.
      if (current !== undefined && this.#left.delete(current)) this.#left.add(current);
      this.#o.log.warn({ err: error }, "a session that broke off could not be taken up again yet");
    } finally {
      this.#takingUp = false;
    }
  }

  async #sweep(): Promise<void> {
    try {
      if (this.#o.clock() >= this.#nextClosing) {
        this.#nextClosing = this.#o.clock() + CLOSING_MS;
        await this.#closeAbandoned();
      }
      const due = await this.#o.store.db
        .selectFrom("sessions")
        .select("id")
        .where("state", "in", ["held", "approved"])
        .where("expires_at", "<=", this.#o.clock())
        .where(WAITING)
        .limit(1)
        .execute();
      if (due.length === 0) return;
      const { sessions } = await this.#o.store.run("approval.expire", {});
      for (const id of sessions) {
        this.#parts.endings.changed(id);
      }
    } catch (error) {
      this.#o.log.error({ err: error }, "expiry could not be recorded");
    }
  }

  /** BigQuery keeps a result for a day; a session whose rows nobody fetched to the end is over with it. */
  async #closeAbandoned(): Promise<void> {
    const old = await this.#o.store.db
      .selectFrom("sessions")
      .select("id")
      .where(RUNNING)
      .where("updated_at", "<=", this.#o.clock() - RESULT_LIFETIME_MS)
      .limit(SWEPT_AT_ONCE)
      .execute();
    for (const { id } of old) {
      this.#parts.endings.asked(id);
      await this.#o.store.run("session.end", { id, state: "done", data: { abandoned: true } });
      this.#parts.endings.changed(id);
    }
  }
}
