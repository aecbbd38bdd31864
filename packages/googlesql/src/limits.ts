/** Bounds on what the front end reads (I10). Past one of them the SQL is refused with code `limit`. */
export const LIMITS = {
  /** Length of the text in UTF-16 units; BigQuery's own bound on a query is 1 MB. */
  sqlLength: 1024 * 1024,
  /** Tokens in one text. */
  tokens: 500_000,
  /** Constructs open at once while parsing: parentheses, subqueries, CASE, prefix operators. */
  nesting: 200,
  /** Nodes on the longest way from the root of a tree to a leaf. */
  treeHeight: 800,
} as const;
