import { runJest } from './jest.ts';

// `npm run test:unit`: the tests that need nothing but Node. Arguments go to Jest, as in `npm run test:unit -- tests/imaging`.

process.exit(runJest([...process.argv.slice(2), '--selectProjects', 'unit']));
