/** Threat-model row 10: the data through a view, a function and a table function of the catalog. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PROJECT, type Rig, startRig } from "../rig.ts";
