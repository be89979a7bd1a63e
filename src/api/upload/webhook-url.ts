import { isIP } from 'node:net';
import { isAllowedAddress, parseRanges } from '../../network/allowed-address.ts';
import type { WebhookConfig } from '../../shared/config.ts';

/** Maximum length of the address of a webhook. */
const MAX_LENGTH = 2048;

/**
 * Checks the address of a webhook. The address of its host is checked again at each delivery.
 *
 * @returns the problem, which continues "webhook …"; `undefined` if there is none
 */
export function webhookProblem(
  given: unknown,
  { secrets, allowsHttp, allowedRanges }: Pick<WebhookConfig, 'secrets' | 'allowsHttp' | 'allowedRanges'>,
): string | undefined {
  if (secrets.length === 0) {
    return 'cannot be set: this service has no secret that signs webhooks (its operator sets WEBHOOK_SECRETS)';
  }
  if (typeof given !== 'string' || given.length > MAX_LENGTH || !URL.canParse(given)) {
    return `must be one URL of at most ${MAX_LENGTH} characters, such as https://example.com/webhook`;
  }
  const { protocol, username, password, hostname } = new URL(given);
  if (protocol !== 'https:' && !(allowsHttp && protocol === 'http:')) {
    return allowsHttp ? 'must begin with https:// or http://' : 'must begin with https://';
  }
  if (username !== '' || password !== '') return 'must not contain a user name or a password';
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !isAllowedAddress(host, parseRanges(allowedRanges))) {
    return `must have a public address, and ${host} is none`;
  }
  return undefined;
}
