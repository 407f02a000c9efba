/** Which addresses a webhook may be sent to: those of the public internet, and those that the operator allows besides. */
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

export interface AddressJudge {
  /** Whether the operator allows it, whatever kind of address it is. */
  readonly isAllowed: (address: string) => boolean;
  /** The kind of an address to which nothing is sent, such as `loopback`; undefined if it is public or allowed. */
  readonly forbiddenKind: (address: string) => string | undefined;
}

/** Throws if one of the CIDRs is none. */
export function judgeAddresses(allowedCidrs: readonly string[]): AddressJudge {
  const allowed = allowedCidrs.map((cidr) => ipaddr.parseCIDR(cidr));
  const isAllowed = (text: string): boolean => {
    const address = ipaddr.parse(text);
    return allowed.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
  };
  return { isAllowed, forbiddenKind: (text) => (isAllowed(text) ? undefined : kindUnlessPublic(ipaddr.parse(text))) };
}

/** Global unicast is 2000::/3; of the rest only some parts have a name. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3');
/** Public by its number, and answered by a cloud's host machine: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16. */
const CLOUD_HOST = '168.63.129.16';

function kindUnlessPublic(address: Address): string | undefined {
  const kind = address.range();
  if (kind !== 'unicast') return kind;
  if (address.toString() === CLOUD_HOST) return 'cloudHost';
  return address.kind() === 'ipv4' || address.match(GLOBAL_UNICAST) ? undefined : 'reserved';
}
