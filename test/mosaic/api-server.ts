import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { mosaicClient } from '../../shared/mosaic/client.ts';
import { MosaicError } from '../../shared/mosaic/errors.ts';
import type { HttpOptions } from '../../shared/mosaic/http.ts';
import type { Mosaic } from '../../shared/mosaic/mosaic.ts';

export const apiKey = 'mk_test_0123456789SECRET';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Answer = (response: ServerResponse, asked: Asked) => void;

export interface ApiServer {
  readonly baseUrl: string;
  readonly asked: Asked[];
  /** Waits that the client made, in milliseconds. */
  readonly waits: number[];
  client(over?: Partial<HttpOptions>): Mosaic;
}

/** Answers the n-th request with the n-th answer, and every later one with the last. */
export async function apiServer(...answers: readonly Answer[]): Promise<ApiServer> {
  const asked: Asked[] = [];
  const waits: number[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = '', url = '', headers } = request;
    const ask = { method, url, headers, body: Buffer.concat(chunks).toString() };
    asked.push(ask);
    answers[Math.min(asked.length, answers.length) - 1]?.(response, ask);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sleep = async (ms: number) => waits.push(ms);
  const client = (over: Partial<HttpOptions> = {}) =>
    mosaicClient({ baseUrl, apiKey: async () => apiKey, sleep, random: () => 0.5, ...over });
  return { baseUrl, asked, waits, client };
}

export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

export const hangUp: Answer = (response) => void response.destroy();
export const saysNothing: Answer = () => {};

export async function mosaicErrorOf(promise: Promise<unknown>): Promise<MosaicError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof MosaicError)) throw new Error(`Not a MosaicError: ${String(error)}`);
  return error;
}
