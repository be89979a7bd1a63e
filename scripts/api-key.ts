import { createHash, randomBytes } from 'node:crypto';

// `npm run api-key -- <name>`: makes a key for one client. The service knows only its hash, so it cannot be shown again.

const [name = ''] = process.argv.slice(2);
if (!/^[\w.-]{1,64}$/.test(name)) {
  console.error('Name the client: npm run api-key -- alice (letters, digits, "_", "-" and ".", at most 64)');
  process.exit(1);
}
const key = randomBytes(32).toString('base64url');
const hash = createHash('sha256').update(key).digest('hex');
console.log(`Give this key to ${name}, who sends it as "Authorization: Bearer <key>":

  ${key}

Add this to API_KEYS, in the environment or in .env, after a comma if there are others, and restart the API:

  ${name}:${hash}
`);
