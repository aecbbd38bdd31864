import type { Metric } from "prom-client";

/** How many took how long, under one set of labels. */
export class Duration {
  readonly #bounds: readonly number[];
  /** How many took no longer than the bound in the same place, and longer than the one before; last, than any. */
  readonly #counts: Float64Array;
  #seconds = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(seconds: number): void {
    if (!Number.isFinite(seconds)) return;
    let at = 0;
    while (at < this.#bounds.length && seconds > (this.#bounds[at] as number)) at++;
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#seconds += seconds;
  }

  /** As Prometheus has a histogram: each bucket holds those before it. */
  values(name: string, labels: Readonly<Record<string, string>>) {
    let count = 0;
    const buckets = [...this.#counts].map((own, at) => {
      count += own;
      const le = at === this.#bounds.length ? "+Inf" : String(this.#bounds[at]);
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: this.#seconds },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}

/**
 * A histogram of times in prom-client's registry, which counts by itself: prom-client looks at the names of all labels, and makes a text of them, at each
 * observation.
 */
export class Durations<Name extends string> {
  readonly name: string;
  readonly help: string;
  readonly type = "histogram";
  readonly aggregator = "sum";
  readonly #bounds: readonly number[];
  readonly #children: { readonly labels: Readonly<Record<Name, string>>; readonly duration: Duration }[] = [];

  constructor({ name, help, buckets }: { name: string; help: string; buckets: readonly number[] }) {
    this.name = name;
    this.help = help;
    this.#bounds = buckets;
  }

  /** For a registry to be given. */
  get metric(): Metric {
    // Of a metric a registry asks for these members and `get` alone.
    return this as unknown as Metric;
  }

  /** The one of these labels. Whoever asks keeps it. */
  of(labels: Readonly<Record<Name, string>>): Duration {
    const names = Object.keys(labels) as Name[];
    const known = this.#children.find((child) => names.every((name) => child.labels[name] === labels[name]));
    if (known !== undefined) return known.duration;
    const duration = new Duration(this.#bounds);
    this.#children.push({ labels, duration });
    return duration;
  }

  async get() {
    const { name, help, type, aggregator } = this;
    const values = this.#children.flatMap(({ labels, duration }) => duration.values(name, labels));
    return { name, help, type, aggregator, values };
  }

  reset(): void {
    this.#children.length = 0;
  }
}
