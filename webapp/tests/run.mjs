// Builds the tests and runs them under node; ends with the counts.
//
//   node tests/run.mjs

import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const out = join(here, '../node_modules/.tests');
const tests = readdirSync(here).filter((name) => /\.test\.tsx?$/.test(name));
rmSync(out, { recursive: true, force: true });
await build({
  entryPoints: tests.map((name) => join(here, name)),
  outdir: out,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'cjs', // keeps the order: first a document, then React
  target: 'node18',
  jsx: 'transform',
  sourcemap: 'inline',
  logLevel: 'warning',
});
const files = readdirSync(out).map((name) => join(out, name));
const run = spawnSync(process.execPath, ['--enable-source-maps', '--test', '--test-reporter=tap', ...files], {
  cwd: join(here, '..'), encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'],
});
process.stdout.write(run.stdout);
const count = (word) => Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(run.stdout)?.[1] ?? 0);
const failed = count('fail') + count('cancelled') || Number(run.status !== 0);
console.log(`${count('pass')} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
