import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { messageOf } from '../../errors.ts';
import { withoutLinkSecrets } from '../../log.ts';

export interface Subsegment {
  readonly name: string;
  /** What traces can be looked for by. */
  readonly annotations: Readonly<Record<string, string | undefined>>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * Work that X-Ray shows within Lambda's own segment of this invocation, where it is traced; otherwise only the work.
 * Sent as X-Ray's own SDK would send it. That SDK is not here: it follows every promise of the process through a hook,
 * which makes each `await` many times as slow, and a copy awaits a great many.
 */
export async function inSubsegment<T>(subsegment: Subsegment, work: () => Promise<T>): Promise<T> {
  const parent = tracedParent(process.env._X_AMZN_TRACE_ID);
  if (parent === undefined) return work();
  const startMs = Date.now();
  const end = (failed?: unknown) => send({ ...documentOf(subsegment, parent, startMs), ...causeOf(failed) });
  try {
    const result = await work();
    await end();
    return result;
  } catch (error) {
    await end(error);
    throw error;
  }
}

interface Parent {
  readonly trace_id: string;
  readonly parent_id: string;
}

/** Lambda names the trace, its own segment in it, and whether anyone keeps it. */
function tracedParent(header = ''): Parent | undefined {
  const { Root, Parent, Sampled } = Object.fromEntries(header.split(';').map((pair) => pair.trim().split('=')));
  return Sampled === '1' && Root && Parent ? { trace_id: Root, parent_id: Parent } : undefined;
}

const id = () => randomBytes(8).toString('hex');

function documentOf({ name, annotations, metadata }: Subsegment, parent: Parent, startMs: number) {
  return {
    ...{ name, id: id(), type: 'subsegment', ...parent },
    ...{ start_time: startMs / 1000, end_time: Date.now() / 1000 },
    ...{ annotations, metadata: { tessera: metadata } },
  };
}

function causeOf(error: unknown): object {
  if (error === undefined) return {};
  const type = error instanceof Error ? error.name : typeof error;
  const exception = { id: id(), type, message: withoutLinkSecrets(messageOf(error)) };
  return { fault: true, cause: { working_directory: process.cwd(), exceptions: [exception] } };
}

/** To the daemon that Lambda runs beside the function. Nothing is owed to a trace: what cannot be sent is not told. */
function send(document: object): Promise<void> {
  const { host, port } = daemon(process.env.AWS_XRAY_DAEMON_ADDRESS);
  const datagram = `{"format":"json","version":1}\n${JSON.stringify(document)}`;
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    let open = true;
    const close = () => {
      if (open) socket.close();
      open = false;
      resolve();
    };
    socket.once('error', close);
    socket.send(datagram, port, host, close);
  });
}

function daemon(address = ''): { host: string; port: number } {
  const [, host, port] = /^(?:udp:)?([\w.-]+):(\d+)$/.exec(address.split(' ')[0] ?? '') ?? [];
  return { host: host ?? '127.0.0.1', port: Number(port ?? 2000) };
}
