import { z } from "zod";

/** What a person says of why: kept for ever, and of a denial shown to the agent. */
export const reason = z
  .string()
  .trim()
  .min(3, { error: "give a reason of 3 to 1000 characters" })
  .max(1000, { error: "give a reason of 3 to 1000 characters" });
