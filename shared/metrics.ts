/** Measurements that a stage keeps; each call is one observation. */
export interface Metrics {
  /** `dimensions`: few values each, since every combination is a metric of its own, which costs money. */
  count(name: string, value?: number, dimensions?: Readonly<Record<string, string>>): void;
  milliseconds(name: string, value: number, dimensions?: Readonly<Record<string, string>>): void;
  bytes(name: string, value: number, dimensions?: Readonly<Record<string, string>>): void;
}
