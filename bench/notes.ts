/**
 * Made-up clinical notes in which it is known where the identifiers stand: from a seed, so that every run has the same. Forms that the detectors
 * can't find, and numbers that only look like identifiers, are among them, so that recall and precision say something.
 */
import { type IdentifierKind, luhn } from "../packages/masking/src/index.ts";

export interface Note {
  readonly text: string;
  readonly identifiers: readonly { readonly kind: IdentifierKind; readonly start: number; readonly end: number }[];
}

type Random = () => number;

/** mulberry32: small, and the same everywhere. */
function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function notes(count: number, seed: number): readonly Note[] {
  const random = randomOf(seed);
  return Array.from({ length: count }, () => note(random));
}

const LETTERS = "ACDEFGHJKMNPQRTUVWXY";
const VIN_CHARACTERS = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ";
const VIN_WEIGHTS = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
/** 49 CFR 565.15(c)(4), table III. */
const vinWorth = (c: string) => Number("012345678912345678123457923456789"[VIN_CHARACTERS.indexOf(c)]);
const MONTHS = ["January", "Feb", "March", "Apr", "May", "June", "Jul", "Aug", "September", "Oct", "Nov", "December"];

function note(random: Random): Note {
  const int = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
  const pick = <T>(list: readonly T[]): T => list[int(0, list.length - 1)] as T;
  const digits = (n: number) => Array.from({ length: n }, () => int(0, 9)).join("");
  const padded = (n: number) => String(n).padStart(2, "0");
  const withLuhn = (prefix: string, body: string): string => {
    for (let check = 0; ; check++) if (luhn(`${prefix}${body}${check}`)) return `${body}${check}`;
  };
  const exchange = () => `${int(2, 9)}${digits(2)}`;

  const made: Record<IdentifierKind, () => string> = {
    SSN: () => {
      const [a, g, s] = [int(1, 665), int(1, 99), int(1, 9999)].map(String) as [string, string, string];
      const delimiter = pick(["-", "-", "-", " ", "", "."]);
      return [a.padStart(3, "0"), g.padStart(2, "0"), s.padStart(4, "0")].join(delimiter);
    },
    MBI: () => {
      const l = () => pick([...LETTERS]);
      const parts = [
        `${int(1, 9)}${l()}${l()}${int(0, 9)}`,
        `${l()}${int(0, 9)}${int(0, 9)}`,
        `${l()}${l()}${digits(2)}`,
      ];
      return parts.join(pick(["", "-"]));
    },
    NPI: () => withLuhn("80840", `${int(1, 2)}${digits(8)}`),
    DEA: () => {
      const d = [...digits(6)].map(Number) as [number, number, number, number, number, number];
      const check = (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10;
      return `${pick(["A", "B", "F", "M"])}${pick([...LETTERS])}${d.join("")}${check}`;
    },
    VIN: () => {
      const characters = Array.from({ length: 17 }, () => pick([...VIN_CHARACTERS]));
      characters[8] = "0";
      const sum = characters.reduce((total, c, i) => total + vinWorth(c) * (VIN_WEIGHTS[i] as number), 0);
      characters[8] = "0123456789X"[sum % 11] as string;
      return characters.join("");
    },
    CARD: () => {
      const number = withLuhn("", `4${digits(14)}`);
      return pick([number, (number.match(/.{4}/g) ?? []).join(" "), (number.match(/.{4}/g) ?? []).join("-")]);
    },
    PHONE: () => {
      const [area, three, four] = [`${int(2, 9)}${digits(2)}`, exchange(), digits(4)];
      return pick([
        `(${area}) ${three}-${four}`,
        `${area}-${three}-${four}`,
        `${area}.${three}.${four}`,
        `${area}${three}${four}`,
        `+1 ${area} ${three} ${four}`,
        `${three}-${four}`,
        `+44 20 7946 ${four}`,
        // Not found: seven digits with a space.
        `${three} ${four}`,
      ]);
    },
    EMAIL: () =>
      `${pick(["ada.moss", "g.lund+home", "o'neil", "alan_ives"])}@${pick(["example.org", "mail.example.com", "example.co.uk"])}`,
    URL: () =>
      pick([
        `https://portal.example.org/p/${digits(6)}`,
        "www.example.org/results",
        `http://example.com/?id=${digits(4)}`,
      ]),
    IP: () => pick([`10.${int(0, 255)}.${int(0, 255)}.${int(1, 254)}`, `2001:db8::${int(1, 9)}a2e:${int(1, 9)}`]),
    DATE: () => {
      const [y, m, d] = [int(1930, 2026), int(1, 12), int(1, 28)];
      return pick([
        `${y}-${padded(m)}-${padded(d)}`,
        `${m}/${d}/${y}`,
        `${padded(m)}/${padded(d)}/${String(y).slice(2)}`,
        `${MONTHS[m - 1]} ${d}, ${y}`,
        `${d} ${MONTHS[m - 1]} ${y}`,
        `${MONTHS[m - 1]} ${y}`,
        `${MONTHS[m - 1]} ${d}`,
        // Not found: may as well be a fraction.
        `${m}/${d}`,
      ]);
    },
    MRN: () => pick([digits(8), `AB-${digits(6)}`, digits(7)]),
  };
  const sentences: Record<IdentifierKind, readonly string[]> = {
    SSN: ["SSN @ on file.", "Social security number: @.", "Insurance lists @ as the subscriber's number."],
    MBI: ["Medicare @ was verified.", "MBI @."],
    NPI: ["Referred by NPI @.", "Ordering provider @ notified."],
    DEA: ["Prescriber DEA @.", "Oxycodone under DEA number @ was refilled."],
    VIN: ["The car (VIN @) was totalled.", "Vehicle @ is registered to the spouse."],
    CARD: ["Copay charged to @.", "Card on file: @."],
    PHONE: ["Call @ with results.", "Daughter can be reached at @.", "Fax records to @."],
    EMAIL: ["Prefers email at @.", "Sent instructions to @."],
    URL: ["Images are at @.", "Portal: @"],
    IP: ["Telehealth visit from @.", "Last log-in from @."],
    DATE: ["Seen on @ for follow-up.", "Admitted @, discharged home.", "DOB @.", "Symptoms began on @ after travel."],
    // Not found: the last one has no word before it that says so.
    MRN: [
      "MRN: @.",
      "Medical record number @ was merged.",
      "Chart no. @.",
      "Account number @ is overdue.",
      "Chart copied for @.",
    ],
  };
  const plain: readonly (() => string)[] = [
    () =>
      `BP ${int(90, 180)}/${int(50, 110)}, HR ${int(50, 120)}, RR ${int(10, 24)}, T ${int(96, 102)}.${int(0, 9)} F, SpO2 ${int(90, 100)} % on room air.`,
    () =>
      `Continue ${pick(["metformin", "lisinopril", "atorvastatin", "warfarin"])} ${pick([5, 10, 20, 40, 500, 1000])} mg ${pick(["daily", "b.i.d.", "at night"])}.`,
    () =>
      `Assessment: ${pick(["type 2 diabetes mellitus without complications", "essential hypertension", "acute bronchitis"])} (${pick(["E11.9", "I10", "J20.9", "S52.501A"])}).`,
    () =>
      `Labs: WBC ${int(3, 15)}.${int(0, 9)}, Hgb ${int(8, 17)}.${int(0, 9)}, Na ${int(130, 148)}, K ${int(3, 5)}.${int(0, 9)}, creatinine 0.${int(6, 9)}, glucose ${int(70, 300)}.`,
    () =>
      "Patient denies chest pain, shortness of breath, fever, chills, nausea or vomiting, and has been sleeping well since the last visit.",
    () =>
      "The abdomen is soft and not tender, bowel sounds are present in all four quadrants, and there is no rebound or guarding.",
    () =>
      "Heart sounds are regular without murmurs, rubs or gallops; the lungs are clear to auscultation on both sides.",
    () =>
      "Extremities are warm and well perfused without oedema; gait is steady, and strength is equal in arms and legs.",
    () =>
      "We discussed the risks and benefits of starting treatment, and the patient would like to think about it with the family.",
    () =>
      `Wound measures ${int(1, 9)}.${int(0, 9)} x ${int(1, 9)}.${int(0, 9)} cm, depth 0.${int(1, 9)} cm, granulating, without drainage or odour.`,
    () =>
      `Follow up in ${int(2, 12)} weeks, sooner if symptoms worsen; ${int(1, 4)} refills were given at ${int(8, 16)}:${padded(int(0, 59))}.`,
    () =>
      `Ambulated ${int(20, 300)} feet with a walker, pain ${int(0, 9)}/10 before and ${int(0, 9)}/10 after the session.`,
    // Look like identifiers, and are none.
    () => `Order ${digits(9)} was placed in the system.`,
    () => `Specimen ${digits(10)} was sent to the laboratory, lot ${digits(7)}.`,
  ];
  const kinds = Object.keys(made) as IdentifierKind[];
  let text = "";
  const identifiers: { kind: IdentifierKind; start: number; end: number }[] = [];
  const length = int(10, 24);
  for (let i = 0; i < length; i++) {
    if (text !== "") text += " ";
    // An identifier in every fifth sentence, a number that looks like one in every hundredth or so.
    if (random() >= 0.2) {
      text += pick(random() < 0.02 ? plain.slice(-2) : plain.slice(0, -2))();
      continue;
    }
    const kind = random() < 0.4 ? "DATE" : pick(kinds);
    const [before = "", after = ""] = pick(sentences[kind]).split("@");
    const identifier = made[kind]();
    const start = text.length + before.length;
    identifiers.push({ kind, start, end: start + identifier.length });
    text += before + identifier + after;
  }
  return { text, identifiers };
}
