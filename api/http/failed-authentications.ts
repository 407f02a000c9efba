/**
 * The bound on failed authentications of an address, so that guesses cost the database nothing. Each process counts for itself. A key
 * that is known, or was, is never refused for what others have tried from its address.
 */
import { isIPv6 } from 'node:net';
import { createTokenBuckets, type Rate } from './token-buckets.ts';

/** So many at once, and one a second after that. */
const FAILURES: Rate = { perSecond: 1, burst: 20 };
const ADDRESSES_MAX = 10_000;

export interface FailureCount {
  /** The seconds to wait if there were too many; undefined if not. */
  readonly waitSeconds: (address: string | undefined) => number | undefined;
  readonly count: (address: string | undefined) => void;
  readonly size: () => number;
}

export function countFailures(addressesMax = ADDRESSES_MAX, now?: () => number): FailureCount {
  const buckets = createTokenBuckets(addressesMax, now);
  return {
    waitSeconds: (address) => buckets.waitSeconds(networkOf(address), FAILURES),
    count: (address) => buckets.owe(networkOf(address), FAILURES, 1),
    size: buckets.size,
  };
}

/** An IPv4 address, or the first 64 bits of an IPv6 one, all of which one customer of a provider has. */
function networkOf(address = ''): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const groups = (text = ''): string[] => (text === '' ? [] : text.split(':'));
  const [first, last] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0');
  return [...first, ...(tail === undefined ? [] : zeros), ...last].slice(0, 4).join(':');
}
