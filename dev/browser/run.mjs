// Plays the demo of `make run` in Chromium, as its people would, and checks what
// they see. With two folders it leaves pictures of every page and card in the
// first, and those of the docs in the second.
//
//   node run.mjs PROGRAM BUNDLE [SHOTS DOCS]

import assert from 'node:assert/strict';
import { startDemo } from './demo.mjs';
import { beforeConnecting, rules, starting } from './flows.mjs';
import { life, looks } from './looks.mjs';
import { pictures } from './pictures.mjs';

const [program, bundle, shots, docs] = process.argv.slice(2);
const demo = await startDemo(program, bundle, shots);
let code;
try {
  const tabs = await Promise.all(['admin', 'member', 'guest', 'stranger'].map(demo.tab));
  const [admin, member, guest, stranger] = tabs;
  const people = { admin, member, guest, stranger };
  await beforeConnecting(demo, people);
  await starting(demo, people);
  await rules(demo, people);
  await looks(demo, people);
  await life(demo, people);
  if (docs) await demo.test('the pictures of the docs', () => pictures(demo, people, docs));
} finally {
  code = await demo.end();
}
await demo.test('the demo ends cleanly', async () => assert.equal(code, 0));
const { passed, failed } = demo.counts;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
