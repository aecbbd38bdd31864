import { type Detector, digitAt, whole } from "./detector.ts";

/** DEA registration numbers: (d1+d3+d5) + 2·(d2+d4+d6) ends in d7. */
export const dea: Detector = {
  kind: "DEA",
  pattern: String.raw`(?<![A-Za-z0-9])[A-HJ-MPR-UXa-hj-mpr-ux][A-Za-z9]\d{7}(?!\d)`,
  accept: whole((text, start) => {
    const d = (place: number) => digitAt(text, start + place + 1);
    return (d(1) + d(3) + d(5) + 2 * (d(2) + d(4) + d(6))) % 10 === d(7);
  }),
};
