// Plays the demo of `make run` in Chromium, as its three people would, and
// checks what they see. With --shots DIR it leaves a picture of every page.
//
//   node smoke.mjs PROGRAM BUNDLE [--shots DIR]

import { spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const [program, bundle, ...rest] = process.argv.slice(2);
const shots = rest[0] === '--shots' ? rest[1] : null;
if (shots) mkdirSync(shots, { recursive: true });

// The demo prints one address once everything is up.
async function startDemo() {
  const child = spawn(program, ['-port', '0', '-bundle', bundle], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  const address = await new Promise((resolve, reject) => {
    child.stdout.on('data', (data) => {
      text += data;
      const found = text.match(/http:\/\/\S+/);
      if (found) resolve(found[0]);
    });
    child.on('exit', (code) => reject(new Error(`the demo ended with ${code}: ${text}`)));
  });
  const stop = () => new Promise((resolve) => {
    child.removeAllListeners('exit');
    child.on('exit', (code) => resolve(code));
    child.kill('SIGINT');
  });
  return { address, stop };
}

let passed = 0;
let failed = 0;
async function test(name, body) {
  try {
    await body();
    passed++;
    console.log(`ok   ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${name}\n     ${String(error.stack || error).split('\n').slice(0, 6).join('\n     ')}`);
  }
}

const demo = await startDemo();
const profile = mkdtempSync(join(tmpdir(), 'zoom-browser-'));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  headless: true,
  ignoreHTTPSErrors: true,
  viewport: { width: 1180, height: 800 },
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
browser.setDefaultTimeout(15000);
const page = browser.pages()[0] || await browser.newPage();
const complaints = [];
page.on('pageerror', (error) => complaints.push(String(error)));

const shot = (target, name) => (shots ? target.screenshot({ path: join(shots, `${name}.png`) }) : null);
const feed = page.getByRole('log', { name: 'Messages' });
const users = page.getByRole('group', { name: 'Signed in as' });

async function signIn(name) {
  const button = users.getByRole('button', { name: new RegExp(`^${name}`) });
  if (await button.getAttribute('aria-pressed') === 'true') return;
  await Promise.all([page.waitForEvent('load'), button.click()]);
  await users.getByRole('button', { name: new RegExp(`^${name}`), pressed: true }).waitFor();
}

async function send(text) {
  await page.getByRole('combobox', { name: 'Message or /command' }).fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

async function popup(click) {
  const [opened] = await Promise.all([browser.waitForEvent('page'), click()]);
  await opened.waitForLoadState();
  return opened;
}

try {
  await page.goto(`${demo.address}/#meetings`);
  await users.getByRole('button').first().waitFor();

  await test('a stranger is told to wait for an admin before Zoom is connected', async () => {
    await signIn('stranger');
    await send('/zoom start');
    await feed.getByText('No Zoom account is connected yet').waitFor();
  });

  await test('an admin connects the Zoom account', async () => {
    await signIn('admin');
    await send('/zoom connect');
    const link = feed.getByRole('link', { name: /^Connect .* Zoom account$/ }).last();
    await link.waitFor();
    await shot(page, '01-connect-link');
    const consent = await popup(() => link.click());
    await consent.getByRole('heading', { name: /wants to use your Zoom account/ }).waitFor();
    await shot(consent, '02-consent');
    await consent.getByRole('button', { name: 'Allow' }).click();
    await consent.getByRole('heading', { name: 'Zoom is connected' }).waitFor();
    await shot(consent, '03-connected');
    await consent.waitForEvent('close').catch(() => consent.close());
    await feed.getByText('Zoom is connected: the account of').waitFor();
  });

  await test('help is shown by role', async () => {
    await send('/zoom help');
    await feed.getByText('/zoom connect', { exact: false }).last().waitFor();
    await shot(page, '04-help-admin');
  });

  let meeting;
  await test('a member starts a meeting and everybody sees the post', async () => {
    await signIn('member');
    await send('/zoom start Weekly sync');
    await shot(page, '05a-which-meeting-id');
    meeting = await popup(() => feed.getByRole('button', { name: 'Use a unique meeting ID' }).click());
    await feed.getByRole('link', { name: 'Join meeting' }).last().waitFor();
    await shot(page, '05-meeting-started');
    await meeting.getByRole('heading', { name: 'Meeting Weekly sync' }).waitFor();
    await meeting.getByRole('button', { name: 'Join' }).click();
    await meeting.getByRole('button', { name: 'End' }).waitFor();
    await shot(meeting, '06-meeting-at-zoom');
  });

  await test('the post follows the meeting to its end', async () => {
    await meeting.getByRole('button', { name: 'End' }).click();
    await feed.getByText('The meeting has ended.').first().waitFor();
    await shot(page, '07-meeting-ended');
    await meeting.close();
  });

  await test('a stranger is told which address Zoom was asked for', async () => {
    await signIn('stranger');
    await send('/zoom start');
    await feed.getByText('stranger@', { exact: false }).last().waitFor();
    await shot(page, '08-stranger');
  });

  await test('a stranger cannot connect', async () => {
    await send('/zoom connect');
    await feed.getByText('Only system admins').last().waitFor();
    const denied = await browser.newPage();
    await denied.goto(`${demo.address}/plugins/zoom/oauth2/connect`);
    await denied.getByRole('heading', { name: 'For system admins' }).waitFor();
    await shot(denied, '09-admins-only');
    await denied.close();
  });

  await test('pages about states that are no good', async () => {
    await signIn('admin');
    const other = await browser.newPage();
    await other.goto(`${demo.address}/plugins/zoom/oauth2/complete?code=x`);
    await other.getByRole('heading', { name: 'Nothing has changed' }).waitFor();
    await shot(other, '10-install-pressed');
    await other.goto(`${demo.address}/plugins/zoom/oauth2/complete?code=x&state=old`);
    await other.getByRole('heading', { name: 'no longer valid' }).waitFor();
    await shot(other, '11-state-used');
    await other.close();
  });

  await test('nothing was thrown in the page', async () => assert.deepEqual(complaints, []));
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
  const code = await demo.stop();
  await test('the demo ends cleanly', async () => assert.equal(code, 0));
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
