// Builds dist/main.js, the one file that browsers load of the plugin. React
// and its friends are the host's: an import of theirs becomes a look at the
// global that the host keeps them under, and any other package is an error.
//
//   node build.mjs

import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const MAX_BYTES = 25_000;

const globals = {
  react: 'React',
  redux: 'Redux',
  'react-redux': 'ReactRedux',
  'react-intl': 'ReactIntl',
  'prop-types': 'PropTypes',
};

const fromHost = {
  name: 'from-host',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
      if (kind === 'entry-point') return undefined;
      if (path in globals) return { path, namespace: 'host' };
      return { errors: [{ text: `"${path}" is not what the host has, and must not be bundled` }] };
    });
    onLoad({ filter: /.*/, namespace: 'host' }, ({ path }) => ({ contents: `module.exports = window.${globals[path]}` }));
  },
};

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const outfile = at('dist/main.js');
await build({
  entryPoints: [at('src/index.tsx')],
  outfile,
  bundle: true,
  minify: true,
  format: 'iife',
  platform: 'browser',
  target: 'es2020',
  jsx: 'transform',
  legalComments: 'none',
  plugins: [fromHost],
  logLevel: 'warning',
});
const { size } = statSync(outfile);
if (size >= MAX_BYTES) throw new Error(`webapp/dist/main.js has ${size} bytes, ${MAX_BYTES} are too many`);
console.log(`webapp/dist/main.js: ${size} bytes`);
