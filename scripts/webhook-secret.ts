import { randomBytes } from 'node:crypto';

// `npm run webhook-secret`: creates a secret that signs webhooks (Standard Webhooks 1.0.0).

const secret = `whsec_${randomBytes(32).toString('base64')}`;
console.log(`Set this secret as WEBHOOK_SECRETS, for the API and the workers, and give it to the receiver of the webhooks:

  ${secret}

To replace a secret, set both, the new one first: WEBHOOK_SECRETS=<new>,<old>. Each webhook is then signed with both. Remove the old
secret once every receiver has the new one.
`);
