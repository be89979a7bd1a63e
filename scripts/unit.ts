import { runJest } from './jest.ts';

// `npm run test:unit`: runs the tests that need only Node. Arguments go to Jest: `npm run test:unit -- tests/imaging`.

process.exit(runJest([...process.argv.slice(2), '--selectProjects', 'unit']));
