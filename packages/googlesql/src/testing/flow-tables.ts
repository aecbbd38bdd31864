/** Tests of what outputs are made of, a query or a script a line. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { flows, results } from "./clinic.ts";

/** Each output as `name = via column, … ? columns that decided rows, order or branch`; a column without table is of `patients`. */
export type Line = readonly [sql: string, ...outputs: string[]];

export const table = (title: string, queries: readonly Line[]): void => lines(title, queries, flows);

/** Of scripts, by the outputs of their results. */
export const scriptTable = (title: string, scripts: readonly Line[]): void => lines(title, scripts, results);

function lines(title: string, all: readonly Line[], outputsOf: (sql: string) => string[]): void {
  describe(title, () => {
    for (const [sql, ...outputs] of all) test(sql, () => assert.deepEqual(outputsOf(sql), outputs));
  });
}
