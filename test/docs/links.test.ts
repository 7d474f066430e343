import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: root });
const readPage = (page: string): string => readFileSync(join(root, page), 'utf8');

test.each(pages)('every link in %s leads to a file and heading that exist', (page) => {
  expect(findLinks(readPage(page)).filter((link) => !leadsSomewhere(page, link))).toEqual([]);
});

const guides = pages.filter((page) => page === 'CONTRIBUTING.md' || page.startsWith('docs/decisions'));

test.each(guides)('every source path in %s exists', (page) => {
  const paths = [...readPage(page).matchAll(/`((?:shared|functions|infra|test|docs|\.ci)\/[\w./-]+)`/g)];
  const missing = paths
    .map(([, path = '']) => path)
    .filter((path) => !/NAME/.test(path) && !existsSync(join(root, path)));
  expect(missing).toEqual([]);
});

const findLinks = (text: string): string[] =>
  [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^https?:/.test(link));

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', heading] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(root, target))) return false;
  return heading === undefined || findAnchors(readPage(target)).includes(heading);
}

/** Headings as GitHub turns them into anchors. */
const findAnchors = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );
