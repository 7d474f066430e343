import { expect, test } from 'vitest';
import { InvalidInput } from '../../shared/errors.ts';
import { eventBridgeBus } from '../../shared/platform/aws/index.ts';
import type { BusEvent } from '../../shared/platform/ports.ts';
import { type Asked, awsAnswers } from './aws-answers.ts';

const { asked, answers } = awsAnswers();
const bus = eventBridgeBus('tessera');

const event = (id: string): BusEvent => ({
  ...{ id, type: 'Run Failed', time: '2026-03-04T05:06:07.000Z', detail: { runId: 'r1' } },
});

interface Entry {
  readonly Source: string;
  readonly DetailType: string;
  readonly EventBusName: string;
  readonly Time: number;
  readonly Detail: string;
}

const entriesIn = ({ body }: Asked): Entry[] => JSON.parse(body).Entries;
const idsIn = (one: Asked) => entriesIn(one).map(({ Detail }) => JSON.parse(Detail).id);

/** Takes all but those with these ids. */
const takesAllBut =
  (code: string, ...refused: string[]) =>
  (one: Asked) => {
    const Entries = idsIn(one).map((id) =>
      refused.includes(id) ? { ErrorCode: code, ErrorMessage: 'not now' } : { EventId: `taken-${id}` },
    );
    const FailedEntryCount = Entries.filter((entry) => 'ErrorCode' in entry).length;
    return Response.json({ FailedEntryCount, Entries }, { headers: { 'content-type': 'application/x-amz-json-1.1' } });
  };

test('an event goes under our source, with its type, time and id', async () => {
  answers(takesAllBut(''));
  await bus.put(event('e1'));
  expect(asked.map(entriesIn)).toEqual([
    [
      {
        ...{ Source: 'tessera', DetailType: 'Run Failed', EventBusName: 'tessera', Time: 1772600767 },
        Detail: '{"id":"e1","runId":"r1"}',
      },
    ],
  ]);
});

test('ten go at once, and only those that were not taken are put again', async () => {
  answers(takesAllBut('ThrottlingException', 'e2', 'e7'), takesAllBut('InternalFailure', 'e7'), takesAllBut(''));
  await bus.put(...Array.from({ length: 12 }, (_, n) => event(`e${n}`)));
  expect(asked.map(idsIn)).toEqual([
    ['e0', 'e1', 'e2', 'e3', 'e4', 'e5', 'e6', 'e7', 'e8', 'e9'],
    ['e2', 'e7'],
    ['e7'],
    ['e10', 'e11'],
  ]);
});

test('what is never taken is an error that may be tried again', async () => {
  answers(takesAllBut('ThrottlingException', 'e1'));
  const putting = bus.put(event('e0'), event('e1'));
  await expect(putting).rejects.toThrow(/has not taken 1 of 2 events for tessera: ThrottlingException/);
  await expect(putting).rejects.not.toThrow(InvalidInput);
});

test('what EventBridge will never take is refused at once', async () => {
  answers(takesAllBut('MalformedDetail', 'e1'));
  await expect(bus.put(event('e1'))).rejects.toThrow(InvalidInput);
  expect(asked).toHaveLength(1);
});
