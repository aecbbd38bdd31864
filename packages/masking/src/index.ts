export * from "./mask-rule.ts";
