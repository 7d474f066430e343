import { checkEvents } from '../bus-events.ts';
import type { BusEvent, EventBus } from '../ports.ts';
import type { Database } from './database.ts';

/** Enough to look back a while; nobody has to empty it. */
const keptEvents = 5000;

/** Where `events` goes on after this one is its `place`. */
export type KeptEvent = BusEvent & { readonly place: number };

export function openBus(database: Database): EventBus {
  return {
    put: async (...events) => {
      const entries = checkEvents(events);
      database.transaction(() => {
        for (const { id, type, time, detail } of entries)
          database.run('INSERT INTO events (id, type, time, detail) VALUES (?, ?, ?, ?)', id, type, time, detail);
        database.run('DELETE FROM events WHERE seq <= (SELECT max(seq) FROM events) - ?', keptEvents);
      });
    },
  };
}

/** In the order in which they were put. */
export function readEvents(database: Database, { after = 0, limit = 1000 } = {}): readonly KeptEvent[] {
  const rows = database.all<Omit<KeptEvent, 'detail'> & { detail: string }>(
    'SELECT seq AS place, id, type, time, detail FROM events WHERE seq > ? ORDER BY seq LIMIT ?',
    ...[after, limit],
  );
  return rows.map((row) => ({ ...row, detail: JSON.parse(row.detail) }));
}
