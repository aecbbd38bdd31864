/**
 * A session's id: the time, then 128 random bits. What one commit writes of many sessions thereby lies side by side in each index, and SQLite
 * writes a few pages where it would write one for each session. The time is no secret: agents see it in their jobs.
 * @param now milliseconds since the epoch
 */
export function newSessionId(now: number, random: Uint8Array): string {
  if (now !== latest) {
    latestText = now.toString(36).padStart(TIME_CHARACTERS, "0");
    latest = now;
  }
  const bytes = random instanceof Buffer ? random : Buffer.from(random);
  return `${latestText}${bytes.toString("base64url")}`;
}

/** Many ids are of one moment. */
let latest = Number.NaN;
let latestText = "";

/** Enough until the year 5188. */
const TIME_CHARACTERS = 9;
