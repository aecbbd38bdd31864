/**
 * What functions in JavaScript keep. Their variables may live on from one call to the next, in whichever order the rows come, though nobody
 * is to rely on it: `f(ssn) AS a, f(name) AS b` can show in `b` what `f` was given for `a`. So the result of a call may hold whatever any
 * such call of the text was given. What calls behind it were given is known to another analysis of the text.
 * https://cloud.google.com/bigquery/docs/user-defined-functions#best-practices-for-javascript-udfs
 */
import { type Flow, keysOf, NO_KEYS, type SourceKey, telling, union } from "../flow/flow.ts";

export class FunctionMemory {
  #given: ReadonlySet<SourceKey>;
  #called = false;
  #grown = false;

  /** `before`: of an analysis of the same text, which had found more with each call. */
  constructor(before: FunctionMemory | null = null) {
    this.#given = before === null ? NO_KEYS : before.#given;
  }

  /** A call was given what wasn't known yet where another was resolved. */
  get grown(): boolean {
    return this.#grown;
  }

  /** What a call that is given `flows` may show beside them: what others were given. */
  recalled(flows: readonly Flow[]): readonly Flow[] {
    const own = union(flows.map(keysOf));
    const given = union([this.#given, own]);
    this.#grown ||= this.#called && given.size > this.#given.size;
    this.#called = true;
    this.#given = given;
    const others = [...given].filter((key) => !own.has(key));
    return others.length === 0 ? [] : [telling(new Set(others))];
  }
}
