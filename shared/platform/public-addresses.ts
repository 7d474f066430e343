import { type LookupAddress, type LookupAllOptions, lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Whether an address is on the public Internet; undefined when the text is not an address. */
export function isPublicAddress(address: string): boolean | undefined {
  const family = isIP(address);
  if (family === 4) return !special.check(address, 'ipv4');
  // Of IPv6 only global unicast is public, which leaves out loopback, link-local, private, multicast and IPv4-mapped.
  if (family === 6) return globalUnicast.check(address, 'ipv6') && !special.check(address, 'ipv6');
  return undefined;
}

/** Resolves a name for a connection; fails with code PRIVATE_ADDRESS when any of its addresses is not public. */
export const lookupPublic: LookupFunction = publicOnly((hostname, options, callback) =>
  lookup(hostname, options, callback),
);

type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** The connection goes to an address that was judged here: the name is not asked for a second time. */
export function publicOnly(resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '');
      const [first] = addresses;
      if (!first || !addresses.every(({ address }) => isPublicAddress(address))) return callback(notPublic(), '');
      return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
    });
  };
}

const notPublic = (): NodeJS.ErrnoException =>
  Object.assign(new Error('The address is not public.'), { code: 'PRIVATE_ADDRESS' });

// https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry
const special = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // What a virtual machine of Azure asks about itself has a public address.
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  special.addSubnet(network, prefix, 'ipv4');
// Tunnels (Teredo, 6to4) would carry a private IPv4 address inside a public one.
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  special.addSubnet(network, prefix, 'ipv6');

const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');
