import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { named, ofType, synthesize } from './synthesize.ts';

const { pipeline, engine } = synthesize();
const alarms = [pipeline, engine].flatMap((template) => ofType(template, 'AWS::CloudWatch::Alarm'));
const texts = alarms.map(([, { Properties }]) => named(Properties.AlarmDescription));
const anchors = texts.map((text) => /Runbook: docs\/runbook\.md#([\w-]+)$/.exec(text)?.[1] ?? `none: ${text}`);

const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
const paragraphs = new Map(
  runbook
    .split(/^## /m)
    .slice(1)
    .map((paragraph) => {
      const [heading = ''] = paragraph.split('\n');
      return [anchorOf(heading), paragraph];
    }),
);

test('each alarm names a paragraph of the runbook of its own, and each paragraph has its alarm', () => {
  expect(new Set(anchors).size).toBe(alarms.length);
  expect([...paragraphs.keys()].sort()).toEqual([...anchors].sort());
});

test('each alarm fits into what CloudWatch keeps of a text, with ARNs as long as they may be', () => {
  // The shortened names stand for ARNs and addresses of up to 150 characters.
  for (const text of texts) expect(text.length + 2 * 150).toBeLessThan(1024);
});

describe.each([...paragraphs])('%s', (_, paragraph) => {
  test('says what it means, where to look and what to type', () => {
    for (const part of ['**Means.** ', '**Look.** ', '**Type.** ']) expect(paragraph).toContain(part);
    const [, toType = ''] = paragraph.split('**Type.**');
    expect(toType).toMatch(/`(tessera|npm run|sliceSeconds|rendersAtOnce|renderMemoryMb|aws) ?/);
  });
});

test('with hosted Mosaic the alarms are those of the pipeline', () => {
  const hosted = ofType(synthesize({ engine: 'mosaic' }).pipeline, 'AWS::CloudWatch::Alarm');
  expect(hosted.map(([id]) => id)).toEqual(ofType(pipeline, 'AWS::CloudWatch::Alarm').map(([id]) => id));
});

test('what it says to look for in logs is what functions log', () => {
  const root = new URL('../../', import.meta.url);
  const code = ['shared', 'functions']
    .flatMap((folder) =>
      readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }).map((file) => [folder, file]),
    )
    .filter(([, file = '']) => file.endsWith('.ts'))
    .map(([folder, file]) => readFileSync(new URL(`${folder}/${file}`, root), 'utf8'))
    .join();
  const events = [...runbook.matchAll(/`([a-z-]+\.[a-z-]+)`/g)].map(([, event = '']) => event);
  expect(events).toContain('message.failed');
  expect(events.filter((event) => !code.includes(`'${event}'`))).toEqual([]);
});

test('its commands find every function, however many resources a stack has', () => {
  // The other one, `describe-stack-resources`, shows a hundred, and a pipeline with an engine has more.
  const inAll = [pipeline, engine].flatMap(({ Resources }) => Object.keys(Resources));
  expect(inAll.length).toBeGreaterThan(100);
  for (const page of ['runbook', 'deploy'])
    expect(readFileSync(new URL(`../../docs/${page}.md`, import.meta.url), 'utf8')).not.toContain(
      'describe-stack-resources',
    );
});

test('what the pages refer to in one another is there', () => {
  const folder = new URL('../../docs/', import.meta.url);
  const pages = new Map(
    readdirSync(folder)
      .filter((name) => name.endsWith('.md'))
      .map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]),
  );
  const anchorsIn = (page: string) =>
    [...(pages.get(page) ?? '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
  const lost = [...pages].flatMap(([from, text]) =>
    [...text.matchAll(/\]\(([\w-]+\.md)?#([\w-]+)\)/g)]
      .filter(([, to = from, anchor = '']) => !anchorsIn(to).includes(anchor))
      .map(([link]) => `${from}: ${link}`),
  );
  expect(lost).toEqual([]);
});

/** As code hosts write a heading's anchor. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .replaceAll(' ', '-');
}
