export * from "./plan.ts";
export * from "./table-resource.ts";
