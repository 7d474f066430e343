import { describe, expect, test } from 'vitest';
import { assertReachable } from '../../functions/local/assert-reachable.ts';

const hosted = 'https://api.mosaic.so';

describe('whether a Mosaic can reach us', () => {
  test.each(['http://127.0.0.1:4730', 'http://localhost:4730', 'http://[::1]:4730'])(
    'hosted and %s: refused',
    (here) => {
      expect(() => assertReachable(hosted, here, here)).toThrow(/cannot reach this machine.*webhook.*links.*deploy/s);
    },
  );

  test('only what cannot be reached is named', () => {
    const links = () => assertReachable(hosted, 'https://hooks.example.com', 'http://localhost:1');
    expect(links).toThrow('the links to your videos (localhost:1)');
    expect(links).not.toThrow('webhook');
  });

  test('all on one machine, or all in the open: allowed', () => {
    expect(() => assertReachable('http://127.0.0.1:1', 'http://127.0.0.1:2', 'http://127.0.0.1:2')).not.toThrow();
    expect(() => assertReachable(hosted, 'https://hooks.example.com', 'https://links.example.com')).not.toThrow();
  });
});
