// What axe has to say about a page, or about parts of it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export async function assertAccessible(page, include) {
  await page.evaluate(source); // the policies of the pages allow no other way
  const { violations, passes } = await page.evaluate((parts) => window.axe.run(parts ? { include: parts } : document), include);
  assert.ok(passes.length > 5, 'axe has looked at something');
  assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html, any }) => [html, any.map((one) => one.message)])]), []);
}

export async function assertAccessibleInBoth(page) {
  for (const colorScheme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme });
    await assertAccessible(page);
  }
}
