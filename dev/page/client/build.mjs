// Builds the page into a folder: root.html, and the two files it names, whose
// names hold a hash of their content, as the server has browsers keep them for
// a year.
//
//   node build.mjs FOLDER

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const out = resolve(process.argv[2]);

// mattermost-redux has a clock and a map of the world for what we do not show.
const without = {
  name: 'without',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(moment-timezone|timezones\.json)$/ }, ({ path }) => ({ path, namespace: 'empty' }));
    onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: 'module.exports = {}' }));
  },
};

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const { metafile } = await build({
  entryPoints: [at('src/page.tsx')],
  outdir: out,
  entryNames: '[name].[hash]',
  bundle: true,
  minify: true,
  format: 'iife',
  platform: 'browser',
  target: 'es2020',
  jsx: 'transform',
  legalComments: 'none',
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  plugins: [without],
  metafile: true,
  logLevel: 'warning',
});
let root = readFileSync(at('src/root.html'), 'utf8');
for (const path of Object.keys(metafile.outputs)) {
  root = root.replaceAll(`/static/page.${path.split('.').pop()}`, `/static/${basename(path)}`);
}
writeFileSync(join(out, 'root.html'), root);
