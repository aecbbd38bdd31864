/** Whether a client's user saw what they must. */
import { isDeepStrictEqual } from "node:util";
import { LARGE, type Step } from "./steps.ts";

export type Answer =
  | { readonly rows: readonly unknown[] }
  | { readonly error: { readonly kind: string; readonly message: string } };

/** What is wrong with `answer`, or null. `without` is what the client says with no gateway between. */
export function judge(step: Step, answer: Answer, without: Answer): string | null {
  switch (step.feature) {
    case "denied":
      return refusal(answer, /denied/i);
    case "refused":
      return refusal(answer, /street/);
    case "approved":
      return masked(answer, without);
    case "load":
      return asSent(answer);
    case "large":
      return allThere(answer);
    case "models":
      return allDone(answer);
    default:
      if ("error" in answer) return `${answer.error.kind}: ${answer.error.message}`;
      if ("error" in without) return `without the gateway: ${without.error.message}`;
      if (answer.rows.length === 0) return "no rows";
      return isDeepStrictEqual(answer.rows, without.rows) ? null : "other rows than without the gateway";
  }
}

export interface Judgement {
  /** What is wrong with what the user saw through the gateway, or null. */
  readonly fault: string | null;
  /** What is wrong with what the client says with no gateway between, or null. */
  readonly straight: string | null;
}

/**
 * The same of a BigQuery that may be at fault itself. `reference`: what the client says straight at another that has the same tables; where the gateway shows
 * that, and this BigQuery something else, it isn't the gateway's fault.
 */
export async function judgeBoth(
  step: Step,
  answer: Answer,
  without: Answer,
  reference: () => Promise<Answer>,
): Promise<Judgement> {
  const fault = judge(step, answer, without);
  const straight = "error" in without ? without.error.message : step.feature === "load" ? asSent(without) : null;
  if (fault === null || "error" in answer) return { fault, straight };
  if (judge(step, answer, await reference()) !== null) return { fault, straight };
  return { fault: null, straight: straight ?? "other rows than were asked for" };
}

function refusal(answer: Answer, says: RegExp): string | null {
  if (!("error" in answer)) return "rows came";
  return says.test(answer.error.message) ? null : `${answer.error.kind}: ${answer.error.message}`;
}

/** The stand-in behind the gateway takes uploads of newline-delimited JSON alone: what was sent must be there, by each way the two days in their order. */
function asSent(answer: Answer): string | null {
  if ("error" in answer) return `${answer.error.kind}: ${answer.error.message}`;
  const days = answer.rows.map((row) => /2026-\d\d-\d\d/.exec(JSON.stringify(row))?.[0]);
  const sent = days.every((day, index) => day === (index % 2 === 0 ? "2026-02-28" : "2026-03-01"));
  return days.length >= 2 && days.length % 2 === 0 && sent ? null : "other rows than were sent";
}

/** Each of dbt's commands did something, and all of it succeeded. The stand-in can't be asked: dbt's seeds are CSV. */
function allDone(answer: Answer): string | null {
  if ("error" in answer) return `${answer.error.kind}: ${answer.error.message}`;
  const commands = new Set(answer.rows.map((row) => (Array.isArray(row) ? row[0] : undefined)));
  return ["seed", "run", "test"].every((command) => commands.has(command)) ? null : "not all commands did something";
}

/** All rows of the large load, and one of them through its mask. */
function allThere(answer: Answer): string | null {
  if ("error" in answer) return `${answer.error.kind}: ${answer.error.message}`;
  const text = JSON.stringify(answer.rows);
  if (text.includes(LARGE.born)) return "a date of birth came through";
  if (answer.rows.length !== 1 || !text.includes(String(LARGE.n))) return "other rows than asked for";
  if (!new RegExp(`\\b${LARGE.rows}\\b`).test(text)) return "not as many rows are there as were sent";
  return text.includes(LARGE.shown) ? null : "a date of birth isn't shown as the default date";
}

/** Columns first_name (shown), ssn (last4), birth_date (year), phone (null). */
function masked(answer: Answer, without: Answer): string | null {
  if ("error" in answer) return `${answer.error.kind}: ${answer.error.message}`;
  if ("error" in without) return `without the gateway: ${without.error.message}`;
  if (answer.rows.length === 0 || answer.rows.length !== without.rows.length) return "other rows than asked for";
  const text = JSON.stringify(answer.rows);
  const truth = JSON.stringify(without.rows);
  const numbers = truth.match(/\d{3}-\d{2}-\d{4}/g) ?? [];
  if (numbers.length !== answer.rows.length) return "the true rows have no social security numbers to look for";
  for (const number of numbers) {
    if (text.includes(number)) return "a social security number came through";
    if (!text.includes(`XXXXX${number.slice(-4)}`))
      return "a social security number isn't shown by its last four digits";
  }
  const names = [...truth.matchAll(/"(?:str )?([A-Z][a-z]+)"/g)].map(([, name = ""]) => name);
  return names.every((name) => text.includes(name)) ? null : "a name that is to be shown isn't";
}
