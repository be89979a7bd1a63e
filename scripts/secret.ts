import { randomBytes } from 'node:crypto';

// `npm run webhook-secret`: creates a secret that signs webhooks (Standard Webhooks 1.0.0). `npm run link-secret`: creates one that signs
// links.

const bytes = randomBytes(32);
const [kind] = process.argv.slice(2);
const secret = kind === 'link' ? bytes.toString('base64url') : `whsec_${bytes.toString('base64')}`;
console.log(
  kind === 'link'
    ? `Set this secret as LINK_SECRET, for the API and the workers. Keep it secret: it signs a link to any file.

  ${secret}

To replace a secret, set both, the new one first: LINK_SECRET=<new>,<old>. New links are then signed with the new one, and old links stay
valid. Remove the old secret once its links have expired, or at once to make them invalid.
`
    : `Set this secret as WEBHOOK_SECRETS, for the API and the workers, and give it to the receiver of the webhooks:

  ${secret}

To replace a secret, set both, the new one first: WEBHOOK_SECRETS=<new>,<old>. Each webhook is then signed with both. Remove the old
secret once every receiver has the new one.
`,
);
