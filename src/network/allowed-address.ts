import { isIP } from 'node:net';
import ipaddr, { type IPv4, type IPv6 } from 'ipaddr.js';

/** A range of addresses, such as `10.0.0.0/8`: its first address and the length of its prefix in bits. */
export type AddressRange = readonly [address: IPv4 | IPv6, prefixLength: number];

/** Parses ranges such as `10.0.0.0/8`. */
export function parseRanges(ranges: readonly string[]): AddressRange[] {
  return ranges.map((range) => ipaddr.parseCIDR(range));
}

/** IPv6 addresses that are routed globally (RFC 4291, section 2.4). */
const GLOBAL_IPV6: AddressRange = [ipaddr.parse('2000::'), 3];

/**
 * Returns whether the service may connect to an address. It may connect to public addresses, and to those of the given ranges. IPv4
 * addresses inside IPv6 addresses (mapped, compatible, NAT64, 6to4, Teredo, ISATAP) are never public: they may lead to a private network.
 *
 * @param address IPv4 or IPv6 address as text
 * @param allowed ranges that are allowed although they are not public
 */
export function isAllowedAddress(address: string, allowed: readonly AddressRange[]): boolean {
  if (isIP(address) === 0) return false;
  // An IPv4-mapped address is the same destination as the IPv4 address.
  const mapped = ipaddr.process(address);
  if (allowed.some((range) => isInside(mapped, range))) return true;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || (isInside(parsed, GLOBAL_IPV6) && !isIsatap(parsed as IPv6));
}

function isInside(address: IPv4 | IPv6, [first, prefixLength]: AddressRange): boolean {
  return address.kind() === first.kind() && address.match(first as IPv4 & IPv6, prefixLength);
}

/** Returns whether an interface identifier contains an IPv4 address (RFC 5214, section 6.1). */
function isIsatap({ parts }: IPv6): boolean {
  return ((parts[4] ?? 0) & 0xfdff) === 0 && parts[5] === 0x5efe;
}
