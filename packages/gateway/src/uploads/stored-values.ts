import { NumberText, type SentValue } from "../sessions/sent-value.ts";
import { UploadError } from "./upload-error.ts";

/**
 * Values of files that aren't text, as rows have them, exactly: no decimal passes through a double, no microsecond is dropped.
 * `where` says in errors which field it is; they never quote a value (I9).
 */

/** A row's million characters take no more bytes; one value is no larger before it is made a text (I10). */
export const MOST_VALUE_BYTES = 4_000_000;

/** A value as it is stored. */
export type PlainValue = boolean | number | bigint | Uint8Array;

export type Unit = "MILLIS" | "MICROS" | "NANOS";

const DAY = 86_400_000_000n;

export function micros(value: PlainValue, unit: Unit, where: string): bigint {
  const count = BigInt(value as bigint);
  if (unit === "MILLIS") return count * 1000n;
  if (unit === "MICROS") return count;
  if (count % 1000n !== 0n) throw new UploadError(`${where} holds times finer than a microsecond.`);
  return count / 1000n;
}

export function dayText(days: number, where: string): string {
  const date = new Date(days * 86_400_000);
  const year = date.getUTCFullYear();
  if (!(year >= 1 && year <= 9999)) throw new UploadError(`${where} holds a day past year 9999.`);
  return date.toISOString().slice(0, 10);
}

export function clockText(at: bigint, where: string): string {
  if (at < 0n || at >= DAY) throw new UploadError(`${where} holds a time of no day.`);
  const two = (count: bigint) => String(count % 60n).padStart(2, "0");
  const seconds = at / 1_000_000n;
  return `${String(seconds / 3600n).padStart(2, "0")}:${two(seconds / 60n)}:${two(seconds)}.${String(at % 1_000_000n).padStart(6, "0")}`;
}

export function floatOf(value: PlainValue): SentValue {
  const number = Number(value);
  if (Number.isFinite(number)) return new NumberText(Object.is(number, -0) ? "-0.0" : String(number));
  return Number.isNaN(number) ? "NaN" : number > 0 ? "inf" : "-inf";
}

/** BIGNUMERIC has no more digits than these bytes hold. */
const MOST_DECIMAL_BYTES = 33;

/** A decimal: an integer, or its bytes in two's complement, the first the highest. */
export function decimalOf(value: PlainValue, scale: number, where: string): SentValue {
  if (!(Number.isInteger(scale) && scale >= 0 && scale <= 38))
    throw new UploadError(`${where} has a scale that is no number up to 38.`);
  const whole = wholeOf(value, where);
  const digits = String(whole < 0n ? -whole : whole).padStart(scale + 1, "0");
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return new NumberText(whole < 0n ? `-${text}` : text);
}

function wholeOf(value: PlainValue, where: string): bigint {
  if (typeof value === "number" || typeof value === "bigint") return BigInt(value);
  const bytes = bytesOf(value, where);
  if (bytes.length > MOST_DECIMAL_BYTES)
    throw new UploadError(`${where} holds a number of more digits than BigQuery's.`);
  const hex = Buffer.from(bytes).toString("hex");
  return hex === "" ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`));
}

/** A number of 16 bits, each of which is a double's too. */
export function halfOf(value: PlainValue): SentValue {
  const [low = 0, high = 0] = value as Uint8Array;
  const [exponent, rest] = [(high >> 2) & 31, ((high & 3) << 8) | low];
  const size =
    exponent === 31
      ? rest === 0
        ? Number.POSITIVE_INFINITY
        : Number.NaN
      : exponent === 0
        ? rest * 2 ** -24
        : (1024 + rest) * 2 ** (exponent - 25);
  return floatOf(high >= 128 ? -size : size);
}

/** As 8-4-4-4-12 digits. */
export function uuidOf(value: PlainValue): string {
  return Buffer.from(value as Uint8Array)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** The Julian day of 1970-01-01. */
const EPOCH_DAY = 2_440_588n;

/** Nanoseconds of a day and, behind them, the Julian day: a timestamp of 96 bits. */
export function julianMicros(value: PlainValue, where: string): bigint {
  const { buffer, byteOffset } = value as Uint8Array;
  const view = new DataView(buffer, byteOffset, 12);
  const ofDay = micros(view.getBigInt64(0, true), "NANOS", where);
  if (ofDay < 0n || ofDay >= DAY) throw new UploadError(`${where} holds a time of no day.`);
  return (BigInt(view.getUint32(8, true)) - EPOCH_DAY) * DAY + ofDay;
}

export function base64(value: PlainValue, where: string): string {
  return Buffer.from(bytesOf(value, where)).toString("base64");
}

export function textOf(value: PlainValue, where: string): string {
  const bytes = bytesOf(value, where);
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new UploadError(`${where} holds a text that is not UTF-8.`);
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Microseconds of a day or since the epoch, as BigQuery writes them. */
export function momentText(at: bigint, where: string): string {
  const day = at >= 0n ? at / DAY : -((DAY - 1n - at) / DAY);
  return `${dayText(Number(day), where)}T${clockText(at - day * DAY, where)}`;
}

function bytesOf(value: PlainValue, where: string): Uint8Array {
  if (value instanceof Uint8Array && value.length > MOST_VALUE_BYTES)
    throw new UploadError(
      `${where} holds a value of more bytes than a row may have; load such rows from Cloud Storage.`,
    );
  if (value instanceof Uint8Array) return value;
  throw new UploadError(`${where} holds other values than it says.`);
}
