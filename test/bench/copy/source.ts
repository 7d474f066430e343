import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Served, SourceOrder, SourceReport } from './source-process.ts';

/** The server that everybody copies from, in a process of its own. */
export async function openSource() {
  const child = fork(new URL('./source-process.ts', import.meta.url));
  const next = async <K extends SourceReport['kind']>(kind: K): Promise<Extract<SourceReport, { kind: K }>> => {
    const [report]: [SourceReport] = (await once(child, 'message')) as never;
    if (report.kind !== kind) throw new Error(`The source says ${report.kind} instead of ${kind}.`);
    return report as Extract<SourceReport, { kind: K }>;
  };
  const order = (what: SourceOrder) => child.send(what);
  const { url, host } = await next('listening');
  return {
    url,
    host,
    urlOf: (bytes: number, name: string) => `${url}/${bytes}/${name}.mp4`,
    /** Of each connection; none without. What has been served until now is forgotten. */
    async limit(bytesPerSecond?: number): Promise<void> {
      order({ kind: 'limit', bytesPerSecond });
      await next('done');
      order({ kind: 'forget' });
      await next('done');
    },
    async served(): Promise<Served> {
      order({ kind: 'tell' });
      return next('served');
    },
    async close() {
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}

export type Source = Awaited<ReturnType<typeof openSource>>;
