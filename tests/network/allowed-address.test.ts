import { isAllowedAddress, parseRanges } from '../../src/network/allowed-address.ts';
import { refused } from '../support/addresses.ts';

/** The host of a URL, as the URL parser writes it: it converts decimal, octal and hexadecimal IPv4 addresses. */
const hostOf = (host: string) => new URL(`http://${host}/`).hostname.replace(/^\[|\]$/g, '');

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
