// How the plugin looks in all themes and sizes, to eyes, keyboards and screen
// readers, and how it takes what happens to its host.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assertAccessible } from './axe.mjs';
import { back, card, connected, enter, feed, header, notice, opens, send, setView, thread } from './demo.mjs';

const texts = (language) => JSON.parse(readFileSync(new URL(`../../webapp/i18n/${language}.json`, import.meta.url), 'utf8'));
const ours = ['.zoom-card', '.zoom-notices', '.zoom-call', '.channel-header__icon', '#app-bar-icon-zoom'];

// Nothing of ours is cut off, or makes anybody scroll sideways.
async function assertFits(page) {
  const wide = await page.evaluate(() => [...document.querySelectorAll('.zoom-card, .zoom-card *, .zoom-notice, .zoom-notice *')]
    .filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline')
    .concat(document.documentElement.scrollWidth > innerWidth ? [document.documentElement] : [])
    .map((e) => e.outerHTML.slice(0, 200)));
  assert.deepEqual(wide, []);
}

async function assertAccessibleInThemes(demo, page, parts) {
  for (const theme of ['onyx', 'indigo', 'denim']) {
    await demo.setTheme(page, theme);
    await assertAccessible(page, parts);
  }
}

export async function looks(demo, { admin, member }) {
  const { test, shot } = demo;
  const topic = 'A topic too long for one line, with `code` and_a_word_of_many_letters_without_any_place_to_break_it_whatsoever';
  const ofMember = () => card(member, topic).filter({ hasText: 'has started' });
  await test('what the plugin draws is accessible, in light and dark', async () => {
    await demo.newChannel(admin, 'Looks', member);
    await back(member, await opens(member, () => send(member, `/zoom start ${topic}`)));
    await header(admin).click();
    await feed(admin).getByText('@member has just started').waitFor();
    await showNotice(demo, admin);
    await assertAccessibleInThemes(demo, admin, ours);
    await assertFits(admin);
    await admin.getByRole('button', { name: 'Dismiss' }).click();
  });
  await test('it fits a phone, the right-hand side, and compact view', async () => {
    await enter(admin, 'Looks');
    await assertFits(admin);
    await setView(admin, 'Messages', 'Compact');
    await feed(admin).locator('.zoom-compact').first().waitFor();
    await assertFits(admin);
    await shot(admin, 'compact');
    await setView(admin, 'Messages', 'Standard');
    await feed(admin).getByRole('button', { name: 'Reply' }).last().click({ force: true });
    await thread(admin).locator('.zoom-rhs').waitFor();
    await assertFits(admin);
    await assertAccessible(admin, ours);
    await shot(admin, 'right-hand-side');
    await admin.setViewportSize({ width: 390, height: 780 });
    await assertFits(admin);
    await shot(admin, 'phone-thread');
    await admin.getByRole('button', { name: 'Close the thread' }).click();
    await assertFits(admin);
    await assertAccessible(admin, ours);
    await shot(admin, 'phone');
    await admin.setViewportSize(demo.size);
  });
  await test('times follow the clock, texts the language of the user', async () => {
    await enter(member, 'One click');
    const ended = card(member, 'Zoom Meeting');
    await ended.getByText(/\d [AP]M$/).first().waitFor();
    await setView(member, 'Clock', '24 hours');
    await ended.getByText(/\d\d:\d\d$/).first().waitFor();
    await assertAccessibleInThemes(demo, member, ours);
    await setView(member, 'Language', 'Deutsch');
    const german = texts('de');
    await feed(member).getByText(german['zoom.has_ended']).waitFor();
    await member.getByRole('button', { name: german['zoom.start'] }).first().waitFor();
    await shot(member, 'german');
    await demo.api(member, 'PUT', '/users/me/patch', { locale: 'en' }); // as another tab of theirs
    await ended.getByText('The meeting has ended.').waitFor();
    await setView(member, 'Clock', '12 hours');
  });
  await test('keyboards reach everything, and see where they are', async () => {
    await enter(member, 'Looks');
    await header(member).focus();
    await member.keyboard.press('Tab');
    assert.equal(await member.evaluate(() => document.activeElement.className), 'zoom-call');
    const outline = await member.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, 'solid');
    const join = ofMember().getByRole('link', { name: 'Join meeting' });
    await join.focus();
    const tab = await opens(member, () => member.keyboard.press('Enter'));
    await tab.getByRole('heading', { name: /^Meeting A topic/ }).waitFor();
    await back(member, tab);
    assert.equal(await member.evaluate(() => document.getAnimations().length), 0, 'nothing moves');
  });
}

// A notice stands on top, for a while: the view of threads without a thread.
async function showNotice(demo, page) {
  await enter(page, 'Threads');
  await page.getByRole('complementary', { name: 'Apps' }).getByRole('button').click();
  await notice(page).getByText('Open a thread first').waitFor();
  await enter(page, 'Looks');
}

// A plugin of browsers alone that offers what the Agents plugin offers.
const agents = `window.registerPlugin('mattermost-ai', { initialize(registry) {
  const state = { callsPostButtonClickedTranscription: (post) => { document.title = 'Summary of ' + post.type; } };
  registry.registerReducer(() => state);
} });`;

async function installAgents(demo, admin) {
  const dir = mkdtempSync(join(tmpdir(), 'zoom-agents-'));
  mkdirSync(join(dir, 'mattermost-ai'));
  writeFileSync(join(dir, 'mattermost-ai/main.js'), agents);
  writeFileSync(join(dir, 'mattermost-ai/plugin.json'), JSON.stringify({ id: 'mattermost-ai', name: 'Agents', version: '1.0.0', webapp: { bundle_path: 'main.js' } }));
  execFileSync('tar', ['-czf', 'agents.tar.gz', 'mattermost-ai'], { cwd: dir });
  const plugin = { name: 'agents.tar.gz', mimeType: 'application/gzip', buffer: readFileSync(join(dir, 'agents.tar.gz')) };
  rmSync(dir, { recursive: true });
  await demo.upload(admin, '/plugins', { plugin });
  await demo.api(admin, 'POST', '/plugins/mattermost-ai/enable');
}

export async function life(demo, { admin, member }) {
  const { test, shot } = demo;
  await test('chats and transcripts are handed over to the Agents plugin, where it is', async () => {
    await enter(member, 'One click');
    await feed(member).getByRole('button', { name: '2 replies' }).click();
    await thread(member).getByText('transcription.txt').waitFor();
    assert.equal(await thread(member).getByRole('button', { name: 'Summarize' }).count(), 0);
    await installAgents(demo, admin);
    await thread(member).getByRole('button', { name: 'Summarize' }).nth(1).waitFor();
    for (const [i, type] of ['custom_zoom_chat', 'custom_zoom_transcript'].entries()) {
      const post = thread(member).getByRole('article').filter({ hasText: i ? 'transcription.txt' : 'Chat-history.txt' });
      await post.getByRole('button', { name: 'Summarize' }).click();
      await member.waitForFunction((title) => document.title === title, `Summary of ${type}`);
    }
    await assertAccessibleInThemes(demo, member, ['.rhs .zoom-card', '.rhs .zoom-actions']);
    await shot(member, 'summarize');
    await demo.api(admin, 'DELETE', '/plugins/mattermost-ai');
    await thread(member).getByRole('button', { name: 'Summarize' }).first().waitFor({ state: 'detached' });
    await member.getByRole('button', { name: 'Close the thread' }).click();
    await enter(member, 'Looks');
  });
  await test('without the plugin its posts are plain, and with it they are cards again', async () => {
    await demo.api(admin, 'POST', '/plugins/zoom/disable');
    await feed(member).locator('.attachment').first().waitFor();
    assert.equal(await header(member).count() + await member.locator('.zoom-card, #zoom-style').count(), 0);
    await shot(member, 'without-web-app');
    await demo.api(admin, 'POST', '/plugins/zoom/enable');
    await feed(member).locator('.zoom-card').first().waitFor();
    await header(member).waitFor();
    assert.deepEqual([await header(member).count(), await member.locator('#zoom-style').count()], [1, 1]);
  });
  await test('after a lost connection the tab goes on where it was', async () => {
    const channel = await demo.newChannel(admin, 'Lost and found', member);
    const page = await member.context().newPage();
    demo.watch(page, 'member');
    let server;
    await page.routeWebSocket(/websocket/, (socket) => {
      server = socket;
      socket.connectToServer();
    });
    await page.goto(`${demo.url}/#${channel.name}`);
    await header(page).waitFor();
    await connected(page);
    await server.close();
    await page.getByText('Connecting to the server').waitFor();
    await send(member, 'Said meanwhile');
    await feed(page).getByText('Said meanwhile').waitFor();
    await connected(page);
    await back(page, await opens(page, () => header(page).click()));
    await back(member, page);
  });
}
