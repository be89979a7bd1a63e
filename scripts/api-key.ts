import { createHash, randomBytes } from 'node:crypto';

// `npm run api-key -- <name>`: creates a key for one client. The service stores only its hash, so it cannot show the key again.

const [name = ''] = process.argv.slice(2);
if (!/^[\w.-]{1,64}$/.test(name)) {
  console.error('Usage: npm run api-key -- <name of the client> (at most 64 letters, digits, "_", "-" and ".")');
  process.exit(1);
}
const key = randomBytes(32).toString('base64url');
const hash = createHash('sha256').update(key).digest('hex');
console.log(`Give this key to ${name}. It is sent as "Authorization: Bearer <key>":

  ${key}

Append this entry to API_KEYS, in the environment or in .env, and restart the API. Separate entries by commas:

  ${name}:${hash}
`);
