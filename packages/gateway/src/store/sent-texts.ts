import type { Packed } from "./plain-data.ts";

/** Texts kept of one place: so many statements asked by turns have theirs sent once. */
const KEPT = 8;
/** Places of which texts are kept (I10). */
const PLACES = 32;
/** Longer ones are sent each time (I10). */
const LONGEST = 8192;

/** Packed data of which a text that was sent before, in the same place of other data, is a number. */
export type Sent = string | readonly (string | number)[];

/** The last texts of each place, in the order in which they were sent: who sends and who hears keep the same. */
class LastTexts {
  readonly #places = new Map<string, { readonly texts: string[]; next: number }>();

  /** -1: it isn't kept. */
  numberOf(place: string, text: string): number {
    // Of equal length few are compared further than their first characters.
    return this.#places.get(place)?.texts.indexOf(text) ?? -1;
  }

  textOf(place: string, number: number): string {
    const text = this.#places.get(place)?.texts[number];
    if (text === undefined) throw new Error("a text was named that was not sent");
    return text;
  }

  keep(place: string, text: string): void {
    if (text.length > LONGEST) return;
    let last = this.#places.get(place);
    if (last === undefined) {
      if (this.#places.size >= PLACES) return;
      last = { texts: [], next: 0 };
      this.#places.set(place, last);
    }
    last.texts[last.next] = text;
    last.next = (last.next + 1) % KEPT;
  }
}

/** Of one way from thread to thread: all that goes there, in its order. */
export class TextsSent {
  readonly #last = new LastTexts();

  of(packed: Packed): Sent {
    if (typeof packed === "string") return packed;
    const sent: (string | number)[] = [...packed];
    for (let i = 1; i < packed.length; i += 2) {
      const [place = "", text = ""] = [packed[i], packed[i + 1]];
      const number = this.#last.numberOf(place, text);
      if (number >= 0) sent[i + 1] = number;
      else this.#last.keep(place, text);
    }
    return sent;
  }
}

/** The other end: all that comes, in its order. The same text comes out as the same string, of which what is known once needn't be made again. */
export class TextsHeard {
  readonly #last = new LastTexts();

  of(sent: Sent): Packed {
    if (typeof sent === "string") return sent;
    return sent.map((item, i) => {
      if (i === 0 || i % 2 === 1) return item as string;
      const place = sent[i - 1] as string;
      if (typeof item === "number") return this.#last.textOf(place, item);
      this.#last.keep(place, item);
      return item;
    });
  }
}
