/**
 * `npm run tidy`: checks the rules of the house that neither the compiler nor Biome knows (ARCHITECTURE.md): who imports
 * whom, what decisions may not touch, names, sizes, test files, paths of one machine. Prints `file:line: sentence`;
 * exit code 1 when there is one that is no warning. An argument is another repository's root.
 */
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkTree } from './tidy/check-tree.ts';
import { formatFinding } from './tidy/finding.ts';

const argument = process.argv[2];
const root = argument === undefined ? join(dirname(fileURLToPath(import.meta.url)), '..', '..') : resolve(argument);
const findings = checkTree(root);
process.stdout.write(findings.map((finding) => `${formatFinding(finding)}\n`).join(''));
process.exitCode = findings.some(({ warning }) => !warning) ? 1 : 0;
