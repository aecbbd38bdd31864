/** The commands of sessions and of their releases, by name. */
import { analysed } from "./commands/analysed.ts";
import { begin } from "./commands/begin.ts";
import { end, jobNamed, jobOver } from "./commands/end.ts";
import { receive } from "./commands/receive.ts";
import { releaseFinish, releaseRecover, releaseStart, releaseWhole } from "./commands/releases.ts";
import { askAgain, start } from "./commands/start.ts";

export const sessionCommands = {
  "session.job-named": jobNamed,
  "session.job-over": jobOver,
  "session.begin": begin,
  "session.receive": receive,
  "session.analysed": analysed,
  "session.start": start,
  "session.ask-again": askAgain,
  "session.end": end,
  "release.start": releaseStart,
  "release.whole": releaseWhole,
  "release.finish": releaseFinish,
  "release.recover": releaseRecover,
};
