import type { MaskedField } from "@chaperone/masking";
import type { Sealer } from "../../evidence/seal.ts";
import type { Format } from "../../grpc/bigquery-read.ts";
import { GrpcError } from "../../grpc/status.ts";
import type { AgentPrincipal } from "../../identity/principal.ts";
import { readAlone, takenFrom } from "../../sessions/columns-taken.ts";
import { ownedBy, type SessionRow } from "../../sessions/session-row.ts";
import type { Store } from "../../store/store.ts";
import { select, selectionOf } from "./selection.ts";

/** What the name of a stream stands for; sealed in it, so that it survives a restart and opens for its session alone. */
export interface StreamPlace {
  readonly format: Format;
  /** BigQuery's own name of it. */
  readonly upstream: string;
  /** Rows of the whole result, by which more than there are is noticed. */
  readonly total: number;
  /** Most rows that may leave by this stream. */
  readonly limit: number;
  /** It is the session's only one: it must have all rows. */
  readonly whole: boolean;
  /** Which of the result's columns, where each of them is read whole; undefined: all, or those of `paths`. */
  readonly taken?: string | undefined;
  /** `selected_fields`, where one is inside of a column. */
  readonly paths?: readonly string[] | undefined;
}

const MOST_SEALED = 4096;
const NAME = /^projects\/([^/]{1,128})\/locations\/([^/]{1,64})\/sessions\/([\w-]{1,64})\/streams\/([\w-]+)$/;

export function sessionName(row: SessionRow): string {
  return `projects/${row.project}/locations/${(row.location ?? "").toLowerCase()}/sessions/${row.id}`;
}

export function streamName(sealer: Sealer, row: SessionRow, place: StreamPlace): string {
  const sealed = Buffer.from(sealer.seal(JSON.stringify(place), `stream:${row.id}`)).toString("base64url");
  if (sealed.length > MOST_SEALED)
    throw new GrpcError(
      "invalidArgument",
      "selected_fields names too many fields inside of STRUCTs: select whole columns.",
    );
  return `${sessionName(row)}/streams/${sealed}`;
}

/** The columns and fields that the stream has, of those of its session's result. */
export function fieldsOf({ taken, paths = [] }: StreamPlace, all: readonly MaskedField[]): readonly MaskedField[] {
  return taken === undefined ? readAlone(select(all, selectionOf(paths)), all) : takenFrom(all, taken);
}

/** The agent's own session and place; another agent's, a forged one and one that never was are the same (I9, threat-model row 44). */
export async function openStream(
  store: Store,
  sealer: Sealer,
  principal: AgentPrincipal,
  name: string,
): Promise<{ readonly row: SessionRow; readonly place: StreamPlace }> {
  const [, project, , id, sealed] = NAME.exec(name) ?? [];
  if (project === undefined || id === undefined || sealed === undefined || sealed.length > MOST_SEALED)
    throw notFound();
  const row = (await store.db
    .selectFrom("whole_sessions")
    .selectAll()
    .where("id", "=", id)
    .where(ownedBy(principal))
    .where("project", "=", project)
    .executeTakeFirst()) as SessionRow | undefined;
  if (row === undefined || !name.startsWith(`${sessionName(row)}/`)) throw notFound();
  try {
    return { row, place: JSON.parse(sealer.open(Buffer.from(sealed, "base64url"), `stream:${row.id}`)) as StreamPlace };
  } catch {
    throw notFound();
  }
}

function notFound(): GrpcError {
  return new GrpcError("notFound", "Not found: read stream");
}
