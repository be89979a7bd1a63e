// `npm run push -- ./photos --out ./out`: runs the command-line program of client/ from its source code.

// npm runs scripts in the root folder. Paths are relative to the folder of the caller.
process.chdir(process.env.INIT_CWD ?? '.');
process.argv.splice(2, 0, 'push');
await import('../client/src/cli/main.ts');
