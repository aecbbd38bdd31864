import type { MaskedField } from "../mask-rule.ts";
import { type CellPlan, planRow, type RowPlan } from "./cell-plan.ts";
import { FastRows, type RowsImage } from "./fast-rows.ts";
import type { MaskerLimits, RowsMaskerOptions } from "./rows-masker.ts";

/** What is the same for all responses that have the same columns under the same settings. */
interface Made {
  readonly settings: readonly unknown[];
  /** Nothing in it was ever counted. */
  readonly plan: RowPlan;
  /** undefined: this machine or this plan has no fast half. */
  readonly image: RowsImage | undefined;
}

/** By the columns, which nobody changes: a small page takes less than its plan. Kept as long as they are. */
const made = new WeakMap<readonly MaskedField[], Made>();

/** The plan of one response, whose counts are its own. @throws MaskingError `fields` */
export function planOf(
  options: RowsMaskerOptions,
  limits: MaskerLimits,
): { readonly plan: RowPlan; readonly image: RowsImage | undefined } {
  const settings = settingsOf(options, limits);
  let known = made.get(options.fields);
  if (known === undefined || known.settings.some((setting, i) => setting !== settings[i])) {
    // A plan holds what it was made of, and goes on after the page: nothing of the page may be in it.
    const { onHeader: _, ...settled } = options;
    const plan = planRow(settled);
    known = { settings, plan, image: FastRows.imageOf(plan.row, limits) };
    made.set(options.fields, known);
  }
  return { plan: uncounted(known.plan), image: known.image };
}

const DAY_MS = 86_400_000;

/** All that a plan follows from but the columns. */
function settingsOf(options: RowsMaskerOptions, { maxMaskedCellBytes }: MaskerLimits): readonly unknown[] {
  const { keys, now, restrictedZips, smallestCell, shiftDays, recordNumbers } = options;
  const day = Math.floor(now.getTime() / DAY_MS);
  return [keys, day, restrictedZips, smallestCell, shiftDays, recordNumbers, maxMaskedCellBytes];
}

function uncounted({ row, masked, needsSubjects }: RowPlan): RowPlan {
  const copies = new Map<CellPlan, CellPlan>();
  const copyOf = (plan: CellPlan): CellPlan => {
    const { fields } = plan;
    const copy = { ...plan, fields: fields.length === 0 ? fields : fields.map(copyOf), count: 0 };
    if (plan.rule !== "none") copies.set(plan, copy);
    return copy;
  };
  return { row: copyOf(row), masked: masked.map((plan) => copies.get(plan) ?? plan), needsSubjects };
}
