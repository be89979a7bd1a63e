import { isAllowedAddress, parseRanges } from '../../src/network/allowed-address.ts';

/** The host of a URL, as the URL parser writes it: it converts decimal, octal and hexadecimal IPv4 addresses. */
const hostOf = (host: string) => new URL(`http://${host}/`).hostname.replace(/^\[|\]$/g, '');

const refused = [
  // Loopback, and all other ways to write it
  ...['127.0.0.1', '127.255.255.254', '127.1', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '017700000001'],
  ...['[::1]', '[0:0:0:0:0:0:0:1]'],
  // This host, and this network
  ...['0.0.0.0', '0', '0.1.2.3', '[::]'],
  // Private networks
  ...['10.0.0.1', '10.255.255.255', '0xa000001', '172.16.0.1', '172.31.255.255', '192.168.0.1', '3232235777'],
  ...['100.64.0.1', '100.127.255.254'],
  // Link-local, with the metadata services of clouds
  ...['169.254.169.254', '0xa9fea9fe', '2852039166', '[fe80::1]', '[febf::1]', '169.254.0.1'],
  // Unique-local, site-local
  ...['[fc00::1]', '[fd00:ec2::254]', '[fec0::1]'],
  // Multicast, broadcast, reserved, documentation, benchmarks
  ...['224.0.0.1', '239.255.255.255', '[ff02::1]', '255.255.255.255', '240.0.0.1', '192.0.0.8', '192.0.2.1'],
  ...['198.51.100.1', '203.0.113.1', '198.18.0.1', '192.88.99.1', '[2001:db8::1]', '[3fff::1]', '[100::1]'],
  ...['[2001:2::1]', '[2001:20::1]', '[5f00::1]', '[4000::1]'],
  // IPv4 in IPv6: mapped, compatible, translated (NAT64), 6to4, Teredo, ISATAP; also around public addresses
  ...['[::ffff:127.0.0.1]', '[::ffff:10.0.0.1]', '[::ffff:a9fe:a9fe]', '[::ffff:8.8.8.8]', '[::ffff:0:127.0.0.1]'],
  ...['[::127.0.0.1]', '[::7f00:1]', '[::a00:1]', '[64:ff9b::7f00:1]', '[64:ff9b::8.8.8.8]', '[64:ff9b:1::a00:1]'],
  ...['[2002:7f00:1::]', '[2002:a00:1::1]', '[2001:0:4136:e378:8000:63bf:3fff:fdd2]', '[2001::7f00:1]'],
  ...['[2001:4860::5efe:7f00:1]', '[2001:4860::200:5efe:a00:1]', '[fe80::5efe:7f00:1]'],
];

const accepted = [
  ...['8.8.8.8', '1.1.1.1', '93.184.216.34', '134744072', '172.15.255.255', '172.32.0.1', '192.167.255.255'],
  ...['100.63.255.255', '100.128.0.1', '169.253.0.1', '11.0.0.1', '126.255.255.255', '128.0.0.1', '223.255.255.254'],
  ...['[2606:4700:4700::1111]', '[2001:4860:4860::8888]', '[2a00:1450:4001:81b::200e]'],
];

test('the table has at least 60 addresses', () => {
  expect(new Set([...refused, ...accepted]).size).toBeGreaterThan(80);
});

test.each(refused)('refuses to connect to %s', (host) => {
  expect(isAllowedAddress(hostOf(host), [])).toBe(false);
});

test.each(accepted)('connects to %s', (host) => {
  expect(isAllowedAddress(hostOf(host), [])).toBe(true);
});

test.each(['', 'localhost', '1.2.3', '::g', '1.2.3.4.5', 'fe80::1%eth0'])('refuses %p, which is no address', (text) => {
  expect(isAllowedAddress(text, [])).toBe(false);
});

test('connects to addresses of the allowed ranges, also if they are mapped to IPv6', () => {
  const allowed = parseRanges(['10.1.0.0/16', 'fd00::/8']);
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', 'fd12::1'])
    expect(isAllowedAddress(address, allowed)).toBe(true);
  for (const address of ['10.2.0.1', '127.0.0.1', '::a01:203']) expect(isAllowedAddress(address, allowed)).toBe(false);
});
