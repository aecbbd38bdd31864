import type { FieldType } from "../mask-rule.ts";

/**
 * Values as BigQuery's JSON writes them, so that every mask rule sees the same text whichever way a value came; TIMESTAMP as int64
 * microseconds. And back.
 */
export interface FixedCodec {
  read(data: DataView, at: number): string;
  /** False: the text is no value of the type. */
  write(data: DataView, at: number, text: string): boolean;
}

const INT64 = /^-?\d{1,19}$/;
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const DATETIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?$/;
const TIME = /^(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/;
const DECIMAL = /^(-?)(\d{1,39})(?:\.(\d{1,38}))?$/;
const NO_INTERVAL = "0-0 0 0:0:0";
const DAY_MS = 86_400_000;
const DAY_MICROS = 86_400_000_000n;

/** The codec of a type whose values have a fixed width; undefined: no rule reads its values. */
export function fixedCodec(type: FieldType): FixedCodec | undefined {
  switch (type) {
    case "INT64":
    case "TIMESTAMP":
      return {
        read: (data, at) => String(data.getBigInt64(at, true)),
        write: (data, at, text) => INT64.test(text) && writeInt64(data, at, BigInt(text)),
      };
    case "FLOAT64":
      return {
        read: (data, at) => floatText(data.getFloat64(at, true)),
        write: (data, at, text) => {
          const value = text === "NaN" ? Number.NaN : Number(text);
          if (text.trim() === "" || (Number.isNaN(value) && text !== "NaN")) return false;
          data.setFloat64(at, value, true);
          return true;
        },
      };
    case "NUMERIC":
      return decimal(9, 2);
    case "BIGNUMERIC":
      return decimal(38, 4);
    case "DATE":
      return {
        read: (data, at) => dateText(data.getInt32(at, true)),
        write: (data, at, text) => {
          const days = daysOf(text);
          if (days === undefined) return false;
          data.setInt32(at, days, true);
          return true;
        },
      };
    case "DATETIME":
      return {
        read: (data, at) => {
          const micros = data.getBigInt64(at, true);
          const days = floorDivide(micros, DAY_MICROS);
          return `${dateText(Number(days))}T${timeText(micros - days * DAY_MICROS)}`;
        },
        write: (data, at, text) => {
          const [, date = "", time = "", fraction = ""] = DATETIME.exec(text) ?? [];
          const days = daysOf(date);
          const micros = microsOf(fraction === "" ? time : `${time}.${fraction}`);
          if (days === undefined || micros === undefined) return false;
          return writeInt64(data, at, BigInt(days) * DAY_MICROS + micros);
        },
      };
    case "TIME":
      return {
        read: (data, at) => timeText(data.getBigInt64(at, true)),
        write: (data, at, text) => {
          const micros = microsOf(text);
          return micros !== undefined && writeInt64(data, at, micros);
        },
      };
    case "INTERVAL":
      return {
        // No rule reads one: each gives the same for every interval.
        read: () => NO_INTERVAL,
        write: (data, at, text) => {
          if (text !== NO_INTERVAL) return false;
          return writeInt64(data, at, 0n) && writeInt64(data, at + 8, 0n);
        },
      };
    default:
      return undefined;
  }
}

/** As Java's Double.toString: a point, or an exponent, or both. */
function floatText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Two's complement in little-endian words of 64 bits, scaled by a power of ten. */
function decimal(scale: number, words: number): FixedCodec {
  const unit = 10n ** BigInt(scale);
  const bits = 64 * words;
  return {
    read(data, at) {
      let value = 0n;
      for (let i = words - 1; i >= 0; i--) value = (value << 64n) | data.getBigUint64(at + 8 * i, true);
      value = BigInt.asIntN(bits, value);
      const size = value < 0n ? -value : value;
      const fraction = String(size % unit)
        .padStart(scale, "0")
        .replace(/0+$/, "");
      return `${value < 0n ? "-" : ""}${size / unit}${fraction === "" ? "" : `.${fraction}`}`;
    },
    write(data, at, text) {
      const [, sign, whole = "", fraction = ""] = DECIMAL.exec(text) ?? [];
      if (sign === undefined || fraction.length > scale) return false;
      const size = BigInt(whole) * unit + BigInt(fraction.padEnd(scale, "0"));
      const value = sign === "-" ? -size : size;
      if (BigInt.asIntN(bits, value) !== value) return false;
      for (let i = 0; i < words; i++) data.setBigUint64(at + 8 * i, BigInt.asUintN(64, value >> BigInt(64 * i)), true);
      return true;
    },
  };
}

function writeInt64(data: DataView, at: number, value: bigint): boolean {
  if (BigInt.asIntN(64, value) !== value) return false;
  data.setBigInt64(at, value, true);
  return true;
}

/** Years outside of 1 to 9999, which BigQuery doesn't have, give a text that no rule reads. */
function dateText(days: number): string {
  const date = new Date(days * DAY_MS);
  const year = date.getUTCFullYear();
  return year >= 1 && year <= 9999 ? date.toISOString().slice(0, 10) : "?";
}

function daysOf(text: string): number | undefined {
  const [, year, month, day] = DATE.exec(text) ?? [];
  if (year === undefined) return undefined;
  const time = Date.parse(`${year}-${month}-${day}T00:00:00Z`);
  // A day that its month doesn't have would become another month's.
  return Number.isNaN(time) || new Date(time).getUTCDate() !== Number(day) ? undefined : time / DAY_MS;
}

function timeText(micros: bigint): string {
  const total = Number(micros);
  const seconds = Math.floor(total / 1e6);
  const fraction = total - seconds * 1e6;
  const two = (n: number): string => String(n).padStart(2, "0");
  const text = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return fraction === 0 ? text : `${text}.${String(fraction).padStart(6, "0")}`;
}

function microsOf(text: string): bigint | undefined {
  const [, hours, minutes, seconds, fraction = ""] = TIME.exec(text) ?? [];
  if (hours === undefined) return undefined;
  const [h, m, s] = [Number(hours), Number(minutes), Number(seconds)];
  if (h > 23 || m > 59 || s > 59) return undefined;
  return BigInt(h * 3600 + m * 60 + s) * 1_000_000n + BigInt(fraction.padEnd(6, "0"));
}

function floorDivide(a: bigint, b: bigint): bigint {
  return a / b - (a % b < 0n ? 1n : 0n);
}
