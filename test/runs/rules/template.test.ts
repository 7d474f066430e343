import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRules } from '../../../shared/runs/rules/parse-rules.ts';
import { fillParams, fillTemplate, keyVariables } from '../../../shared/runs/rules/template.ts';

const variables = {
  stem: 'Für Anna!',
  metadata: { customer: 'acme', 'shot-on': 'iPhone' },
  sidecar: { seconds: 12, loud: true, tags: ['a'], empty: null },
};

describe('a template', () => {
  test.each([
    ['{stem}', 'Für Anna!'],
    ['{stem|slug}-{stem|lower}', 'fur-anna-für anna!'],
    ['{metadata.customer}/{metadata.Shot-On}', 'acme/iPhone'],
    ['{sidecar.seconds} s, {sidecar.loud}', '12 s, true'],
    ['{{stem}} {{ }}', '{stem} { }'],
    ['no variable', 'no variable'],
    ['', ''],
  ])('the template %j becomes %j', (template, text) => expect(fillTemplate(template, variables)).toBe(text));

  test.each([
    ['{title}', /\{title\} .* is not known here\. Known: stem, metadata\.customer/],
    ['{metadata.title}', /\{metadata\.title\} .* is not known here/],
    ['{constructor}', /is not known here/],
    ['{metadata.constructor}', /is not known here/],
    ['{sidecar.tags}', /is no text, number or truth/],
    ['{sidecar.empty}', /is no text, number or truth/],
    ['{stem|upper}', /asks for "upper"; there are only lower and slug/],
    ['{stem|constructor}', /there are only lower and slug/],
    ['{stem', /has a \{ too many/],
    ['stem}', /has a \} too many/],
    ['{a b}', /is no variable/],
    ['{}', /is no variable/],
  ])('the template %j is refused', (template, words) => expect(() => fillTemplate(template, variables)).toThrow(words));

  test('a text without braces or with doubled braces is kept as it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(fillTemplate(text.replace(/[{}]/g, '$&$&'), {})).toBe(text);
      }),
    );
  });
});

describe('parameters', () => {
  test('a parameter that is only a variable gets the type of its value', () => {
    const params = {
      node: {
        seconds: '{sidecar.seconds}',
        loud: '{sidecar.loud}',
        tags: '{sidecar.tags}',
        text: '{sidecar.seconds}s',
      },
    };
    expect(fillParams(params, variables)).toEqual({ node: { seconds: 12, loud: true, tags: ['a'], text: '12s' } });
  });

  test('parameters are filled in at any depth, and other values are kept', () => {
    const params = { node: { list: [{ of: '{metadata.customer}' }, 1, null], on: true } };
    expect(fillParams(params, variables)).toEqual({ node: { list: [{ of: 'acme' }, 1, null], on: true } });
  });
});

test('the variables of a key are its parts, and those of the rule’s pattern override others', () => {
  const [plain, shaped] = parseRules({
    rules: [
      { id: 'plain', prefix: '', agentId: 'a' },
      { id: 'shaped', pattern: '{show}/{name}.{extension}', agentId: 'a' },
    ],
  }).rules;
  if (!plain || !shaped) throw new Error('There are two rules.');
  const upload = { bucket: 'uploads', key: 'News/mon.day.MP4' };
  const at = '2026-01-02T03:04:05.000Z';
  const parts = {
    folder: 'News',
    stem: 'mon.day',
    key: upload.key,
    bucket: 'uploads',
    date: '2026-01-02',
    extension: 'MP4',
  };
  expect(keyVariables(plain, upload, at)).toEqual({ ...parts, name: 'mon.day.MP4' });
  expect(keyVariables(shaped, upload, at)).toEqual({ ...parts, name: 'mon.day', show: 'News' });
  expect(keyVariables(plain, { bucket: 'b', key: '.mp4' }, at)).toMatchObject({
    folder: '',
    stem: '.mp4',
    extension: '',
  });
});
