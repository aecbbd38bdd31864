import { sessionWires } from "../sessions/commands/wires.ts";
import type { Wire, Written } from "./wire.ts";

/** Of any command. */
interface AnyWire extends Pick<Wire<never>, "write"> {
  read(written: Written): unknown;
}

const WIRES: ReadonlyMap<string, AnyWire> = new Map<string, AnyWire>(Object.entries(sessionWires));

/** Of a command that each small query runs; both threads know them. */
export function wireOf(command: string): AnyWire | undefined {
  return WIRES.get(command);
}
