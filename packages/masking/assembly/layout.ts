// The memory's parts. The host reads the exported ones; nothing is allocated, and the memory never grows.

/** Nodes of the plan, keys and constants; below it lies static data. */
export const PLAN: usize = 0x1_0000;
export const PLAN_BYTES: usize = 0x4_0000;
/** Plan nodes whose count a row has raised, to undo it if the row isn't recognised. */
export const JOURNAL: usize = PLAN + PLAN_BYTES;
export const JOURNAL_ENTRIES: i32 = 4096;
/** Tokens to be computed. */
export const QUEUE: usize = JOURNAL + <usize>JOURNAL_ENTRIES * 4;
export const QUEUE_ENTRIES: i32 = 4096;
/** Places reserved for tokens and not filled. */
export const GAPS: usize = QUEUE + <usize>QUEUE_ENTRIES * 16;
export const GAP_ENTRIES: i32 = 8192;
/** The bytes to be read, and behind them zeros, which no state of the scanner takes: loads may run over the end. */
export const IN: usize = GAPS + <usize>GAP_ENTRIES * 8;
export const IN_BYTES: usize = 0x4_0000;
export const IN_SLACK: usize = 64;
/** What comes out; at its end, room for stores that run over. */
export const OUT: usize = IN + IN_BYTES + IN_SLACK;
export const OUT_BYTES: usize = IN_BYTES + 0x4_0000;
export const OUT_END: usize = OUT + OUT_BYTES;
/** Most bytes that stand in for one masked value, with the slack of a store. */
export const ROOM: usize = 2048;
