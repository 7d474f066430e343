import type { Clock, Json, Key, Table } from '../../platform/ports.ts';
import type { MeasurementCache } from './edit.ts';

const keptDays = 90;
/** An item may have 400 KB; what is larger is simply measured again. */
const maxBytes = 300_000;

/** Measurements in the engine's table: another output, agent or run of the same video need not measure it again. */
export const measurementCache = ({ table, clock }: { table: Table; clock: Clock }): MeasurementCache => ({
  get: async (key) => (await table.get(keyOf(key)))?.value,
  set: async (key, value) => {
    if (Buffer.byteLength(JSON.stringify(value)) > maxBytes) return;
    const expiresAt = Math.floor(clock() / 1000) + keptDays * 86_400;
    await table.write({ put: { ...keyOf(key), type: 'measurement', value: value as Json, expiresAt } });
  },
});

const keyOf = (key: string): Key => ({ pk: `MEASURED#${key}`, sk: 'MEASURED' });
