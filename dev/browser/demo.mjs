// The demo of `make run` in Chromium: its people, each in a browser of their
// own, and what they do. Whatever goes wrong in a page fails the test.

import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { chromium } from 'playwright-core';

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const { THEMES: themes } = createRequire(new URL('../page/client/package.json', import.meta.url))('mattermost-redux/constants').Preferences;
const xhr = { 'X-Requested-With': 'XMLHttpRequest' };

// startServers runs the demo, which prints one address once everything is up.
async function startServers(program, bundle) {
  const child = spawn(program, ['-port', '0', '-bundle', bundle], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  const ended = new Promise((resolve) => child.on('exit', resolve));
  process.on('exit', () => child.kill('SIGINT')); // also where this program fails
  const address = await new Promise((resolve, reject) => {
    child.stdout.on('data', (data) => {
      text += data;
      const found = text.match(/(http:\/\/\S+)[^]*(https:\/\/\S+)\/webhook/);
      if (found) resolve(found.slice(1));
    });
    ended.then((code) => reject(new Error(`the demo ended with ${code}: ${text}`)));
  });
  const stop = () => {
    child.kill('SIGINT');
    return ended;
  };
  return { url: address[0], zoom: address[1], stop };
}

export async function startDemo(program, bundle, shots) {
  const { url, zoom, stop } = await startServers(program, bundle);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    headless: true,
    args: flags,
    ignoreDefaultArgs: ['--disable-popup-blocking'], // people's browsers have it
  });
  const demo = { url, zoom, size: { width: 1180, height: 800 }, people: new Map(), complaints: [], counts: { passed: 0, failed: 0 } };

  // What a page complains about, but for the answers that the test awaits.
  demo.watch = (page, who) => {
    const complain = (what) => demo.complaints.push(`${who}: ${what}`);
    page.expected = [];
    page.on('pageerror', (error) => complain(error.stack || error));
    page.on('console', (message) => {
      const loading = message.text().startsWith('Failed to load resource'); // told below, with its address
      if (message.type() === 'error' && !loading) complain(message.text());
    });
    page.on('response', (response) => {
      const status = response.status();
      const known = page.expected.findIndex((one) => one.status === status && response.url().includes(one.path));
      if (known >= 0) page.expected.splice(known, 1);
      else if (status >= 400) complain(`${status} for ${response.url()}`);
    });
  };

  const signIn = async (context, page, name) => {
    const button = page.getByRole('group', { name: 'Signed in as' }).getByRole('button', { name: new RegExp(`^${name}`) });
    if (await button.getAttribute('aria-pressed') === 'false') await button.click();
    await button.and(page.locator('[aria-pressed=true]')).waitFor();
    demo.people.set(name, context);
    context.user = await demo.api(page, 'GET', '/users/me');
  };

  // A tab of somebody's, in a channel.
  demo.tab = async (name, channel = 'meetings') => {
    let context = demo.people.get(name);
    if (!context) {
      context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: demo.size, locale: 'en-US' });
      context.setDefaultTimeout(30000);
    }
    const page = await context.newPage();
    page.opened = [];
    page.on('popup', (popup) => page.opened.push(popup));
    demo.watch(page, name);
    await page.goto(`${url}/#${channel}`);
    if (!context.user) await signIn(context, page, name);
    await header(page).waitFor();
    await connected(page);
    return page;
  };

  // The server's own API, as somebody.
  const ask = async (page, method, path, content) => {
    const answer = await page.context().request.fetch(`${url}/api/v4${path}`, { method, headers: xhr, ...content });
    if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${await answer.text()}`);
    return answer.json();
  };
  demo.api = (page, method, path, data) => ask(page, method, path, { data });
  demo.upload = (page, path, multipart) => ask(page, 'POST', path, { multipart });

  // A channel of its own for a test: no meeting of another one is near.
  demo.newChannel = async (admin, title, ...members) => {
    const team = await demo.api(admin, 'GET', '/teams/name/demo');
    const channel = await demo.api(admin, 'POST', '/channels', {
      team_id: team.id, type: 'O', display_name: title, name: title.toLowerCase().replace(/\W+/g, '-'),
    });
    for (const page of members) await demo.api(admin, 'POST', `/channels/${channel.id}/members`, { user_id: page.context().user.id });
    for (const page of [admin, ...members]) await enter(page, title);
    return channel;
  };

  // Changes the theme as another tab of the same user would.
  demo.setTheme = async (page, name) => {
    const { id } = page.context().user;
    const theme = themes[name];
    await demo.api(page, 'PUT', `/users/${id}/preferences`, [{ user_id: id, category: 'theme', name: '', value: JSON.stringify(theme) }]);
    await page.waitForFunction((color) => document.documentElement.style.getPropertyValue('--center-channel-bg') === color, theme.centerChannelBg);
  };

  // A picture of a page in light and dark.
  demo.shot = async (page, name, options) => {
    if (!shots) return;
    const themed = page.url().startsWith(`${url}/#`);
    const turn = (dark) => (themed ? demo.setTheme(page, dark ? 'onyx' : 'denim') : page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' }));
    await page.screenshot({ path: join(shots, `${name}.png`), ...options });
    await turn(true);
    await page.screenshot({ path: join(shots, `${name}-dark.png`), ...options });
    await turn(false);
  };
  const failures = join(dirname(program), 'test');
  for (const dir of [failures, shots]) if (dir) mkdirSync(dir, { recursive: true });

  demo.test = async (name, body) => {
    demo.complaints.length = 0;
    const began = Date.now();
    try {
      await body();
      if (demo.complaints.length) throw new Error(`the pages complain:\n${demo.complaints.join('\n')}`);
      demo.counts.passed++;
      console.log(`ok   ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
    } catch (error) {
      demo.counts.failed++;
      const told = [...String(error.stack || error).split('\n').slice(0, 12), ...demo.complaints];
      for (const [who, context] of demo.people) {
        for (const [i, page] of context.pages().entries()) await page.screenshot({ path: join(failures, `failed-${demo.counts.failed}-${who}-${i}.png`) });
      }
      console.log(`FAIL ${name}\n     ${told.join('\n     ')}`);
    }
  };

  demo.end = async () => {
    await browser.close();
    return stop();
  };
  return demo;
}

// What people do and see in the page.

export const feed = (page) => page.getByRole('log', { name: 'Messages' });
export const thread = (page) => page.getByRole('log', { name: 'Thread' });
export const notice = (page) => page.locator('.zoom-notices');
export const header = (page) => page.locator('.channel-header__icon');
export const card = (page, topic) => feed(page).getByRole('group', { name: `Zoom meeting: ${topic}` });

export const connected = (page) => page.locator('.connection:empty').waitFor({ state: 'attached' });

// Changes what is under View.
export async function setView(page, label, option) {
  await page.getByText('View', { exact: true }).click();
  await page.getByRole('combobox', { name: label }).selectOption({ label: option });
  await page.getByText('View', { exact: true }).click();
}

export async function enter(page, title) {
  await page.getByRole('navigation', { name: 'Channels' }).getByRole('link', { name: title }).click();
  await page.getByRole('heading', { name: title, level: 2 }).waitFor();
}

export async function send(page, text, box = 'Message or /command') {
  await page.getByRole('combobox', { name: box }).fill(text);
  await page.getByRole('combobox', { name: box }).press('Enter');
}

// The tab that opens when somebody does this.
export async function opens(page, act) {
  const [tab] = await Promise.all([page.waitForEvent('popup'), act()]);
  return tab;
}

// Back from another tab: pages behind one another are drawn rarely, and clicks
// wait for that.
export async function back(page, tab) {
  await tab.close();
  await page.bringToFront();
}

// What the browser itself says about the tab that a click opens, without a look
// into the page in between: that would count as something the user does.
export async function clickUnseen(page, locator) {
  const { x, y, width, height } = await locator.boundingBox();
  await page.evaluate(() => {
    const open = window.open.bind(window);
    window.open = (...args) => {
      const tab = open(...args);
      console.info(tab ? 'tab opened' : 'tab blocked');
      return tab;
    };
  });
  const [message] = await Promise.all([
    page.waitForEvent('console', (one) => /^tab (opened|blocked)$/.test(one.text())),
    page.mouse.click(x + width / 2, y + height / 2),
  ]);
  return message.text();
}

// Only one tab has the focus, as with people; tests let every tab believe it.
export async function unfocused(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setFocusEmulationEnabled', { enabled: false });
}

// Everything that the server told this tab before has been heard.
export async function heardAll(demo, page, channel) {
  const text = `All heard ${Math.random().toString(36).slice(2)}`;
  await demo.api(page, 'POST', '/posts', { channel_id: channel.id, message: text });
  await feed(page).getByText(text).waitFor();
}
