export * from "./plan.ts";
export * from "./table-resource.ts";
export * from "./limits.ts";
export * from "./sql-error.ts";
export * from "./tree.ts";
