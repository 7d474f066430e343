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

test('every alarm has its own section in the runbook, and every section has an alarm', () => {
  expect(new Set(anchors).size).toBe(alarms.length);
  expect([...paragraphs.keys()].sort()).toEqual([...anchors].sort());
});

test('every alarm’s text fits into CloudWatch’s limit, even with the longest ARNs', () => {
  // The shortened names stand for ARNs and addresses of up to 150 characters.
  for (const text of texts) expect(text.length + 2 * 150).toBeLessThan(1024);
});

describe.each([...paragraphs])('section %s', (anchor, paragraph) => {
  test(`runbook section ${anchor} says what the alarm means, where to look and what to type`, () => {
    for (const part of ['**Means.** ', '**Look.** ', '**Type.** ']) expect(paragraph).toContain(part);
    const [, toType = ''] = paragraph.split('**Type.**');
    expect(toType).toMatch(/`(tessera|npm run|sliceSeconds|rendersAtOnce|renderMemoryMb|aws) ?/);
  });
});

test('a stage with hosted Mosaic has the same pipeline alarms', () => {
  const hosted = ofType(synthesize({ engine: 'mosaic' }).pipeline, 'AWS::CloudWatch::Alarm');
  expect(hosted.map(([id]) => id)).toEqual(ofType(pipeline, 'AWS::CloudWatch::Alarm').map(([id]) => id));
});

test('every log event that the runbook names is logged by a function', () => {
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

test('the commands in the pages find every function in a stack of more than 100 resources', () => {
  // The other one, `describe-stack-resources`, shows a hundred, and a pipeline with an engine has more.
  const inAll = [pipeline, engine].flatMap(({ Resources }) => Object.keys(Resources));
  expect(inAll.length).toBeGreaterThan(100);
  for (const page of ['runbook', 'deploy'])
    expect(readFileSync(new URL(`../../docs/${page}.md`, import.meta.url), 'utf8')).not.toContain(
      'describe-stack-resources',
    );
});

test('links between the pages lead to existing headings', () => {
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

/** A heading's anchor as on GitHub. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .replaceAll(' ', '-');
}
