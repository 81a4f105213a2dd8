import { CHANNEL, changes, CONNECTION, json, meeting, newState, newWorld, show } from './world';
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import React from 'react';
import type { SocketMessage } from '../src/host';
import { NoticeBar } from '../src/notice_bar';
import { newStarter } from '../src/start';

const url = 'https://zoom.us/j/1';
const told = (connection_id = CONNECTION, meeting_url: unknown = url): SocketMessage =>
  ({ data: { meeting_url }, broadcast: { connection_id } });
const channel = { id: CHANNEL };
afterEach(() => { delete window.basename; });

test('a click is one request, in the name of this tab, with what the server wants to see', async () => {
  const world = newWorld();
  await newStarter(world.store).startInView(channel);
  assert.equal(world.requests.length, 1);
  const [{ url: address, method, headers, body }] = world.requests;
  assert.equal(`${method} ${address}`, 'POST /sub/plugins/zoom/api/v1/meetings');
  assert.deepEqual(body, { channel_id: CHANNEL, root_id: '', topic: '', use_pmi: '', connection_id: CONNECTION });
  assert.equal(headers['X-CSRF-Token'], 'csrf-token');
  assert.equal(headers['X-Requested-With'], 'XMLHttpRequest');
  assert.deepEqual(world.tabs.map((tab) => [tab.location.href, tab.opener]), [[url, null]]);
});

test('a touch that arrives as a click, too, is one request; a later click is another', async (t) => {
  let now = 1_000_000;
  t.mock.method(Date, 'now', () => now);
  const world = newWorld();
  const { start, startInView } = newStarter(world.store);
  await Promise.all([startInView(channel), startInView(channel)]);
  await startInView(channel);
  assert.equal(world.requests.length, 1);
  await startInView({ id: 'another' });
  assert.equal(world.requests.length, 2);
  await start({ channelId: CHANNEL, force: true });
  assert.equal(world.requests.length, 3, 'the button of a card is another one');
  world.answers = async () => {
    now += 1_000;
    return meeting(url);
  };
  now += 1_000;
  await startInView(channel);
  await startInView(channel);
  assert.equal(world.requests.length, 5, 'what counts is when they were made');
});

test('the base of addresses is the host\'s own, else that of the site', async () => {
  const world = newWorld();
  window.basename = '/elsewhere';
  await newStarter(world.store).startInView(channel);
  assert.match(world.requests[0].url, /^\/elsewhere\/plugins\//);
});

test('answer and event open one tab, whichever comes first', async () => {
  const first = newWorld();
  const one = newStarter(first.store);
  first.answers = async () => {
    one.onMeetingStarted(told());
    return meeting(url);
  };
  await one.startInView(channel);
  assert.equal(first.tabs.length, 1);

  const second = newWorld();
  const two = newStarter(second.store);
  await two.startInView(channel);
  two.onMeetingStarted(told());
  assert.equal(second.tabs.length, 1);
  two.onMeetingStarted(told());
  assert.equal(second.tabs.length, 2, 'a further event is of a further meeting');
});

test('an event for another tab opens nothing, one for this tab does', () => {
  const world = newWorld();
  const { onMeetingStarted } = newStarter(world.store);
  onMeetingStarted(told('another'));
  assert.equal(world.tabs.length, 0);
  onMeetingStarted(told());
  assert.equal(world.tabs.length, 1);
});

test('an event for all tabs opens the meeting where the user is', () => {
  const world = newWorld();
  const { onMeetingStarted } = newStarter(world.store);
  world.focused = false;
  onMeetingStarted(told(''));
  assert.equal(world.tabs.length, 0);
  world.focused = true;
  onMeetingStarted(told(''));
  assert.equal(world.tabs.length, 1);
});

test('only links of the web are opened', async () => {
  const world = newWorld();
  const { onMeetingStarted, startInView } = newStarter(world.store);
  for (const link of ['javascript:alert(1)', 'file:///etc', 'zoommtg://x', 5, null]) onMeetingStarted(told(CONNECTION, link));
  onMeetingStarted({});
  world.answers = () => meeting('javascript:alert(1)');
  await startInView(channel);
  assert.equal(world.tabs.length, 0);
  assert.deepEqual(world.store.getState()['plugins-zoom'], { id: 'zoom.refused' });
});

test('while it takes time the page says so; when the server asks something, no more', async () => {
  const world = newWorld();
  let answer = (_: Response) => {};
  world.answers = () => new Promise((resolve) => { answer = resolve; });
  const seen = show(<NoticeBar />, world);
  let done: Promise<unknown> | undefined;
  await changes(() => { done = newStarter(world.store).startInView(channel); });
  assert.match(seen.text(), /Starting a Zoom meeting/);
  await changes(async () => { answer(meeting('')); await done; });
  assert.equal(seen.text(), '');
  assert.equal(world.tabs.length, 0);
});

const failures: [string, () => Response, RegExp][] = [
  ['the reason of the server', () => json(403, { error: 'Meetings are switched off in this channel.' }), /Meetings are switched off in this channel\./],
  ['a page of somebody else', () => new Response('<html>', { status: 404 }), /could not be started/],
  ['an answer without sense', () => json(200, [1]), /could not be started/],
  ['an answer that is null', () => json(500, null), /could not be started/],
  ['no answer', () => { throw new TypeError('network'); }, /did not answer/],
];
for (const [name, answer, says] of failures) {
  test(`the notice tells of ${name}, and can be dismissed`, async () => {
    const world = newWorld();
    world.answers = answer;
    const seen = show(<NoticeBar />, world);
    await changes(() => newStarter(world.store).startInView(channel) as Promise<void>);
    assert.match(seen.text(), says);
    assert.equal(seen.main.querySelector('[role=status]')?.getAttribute('aria-live'), 'polite');
    await seen.press('Dismiss');
    assert.equal(seen.text(), '');
    assert.equal(world.tabs.length, 0);
  });
}

test('a tab that the browser blocks becomes a link', async () => {
  const world = newWorld();
  world.blocked = true;
  const seen = show(<NoticeBar />, world);
  await changes(() => newStarter(world.store).startInView(channel) as Promise<void>);
  assert.match(seen.text(), /the browser did not let it open/);
  assert.equal(seen.link('Join meeting')?.href, url);
});

test('the desktop app opens links without saying so', async (t) => {
  const world = newWorld();
  world.blocked = true;
  t.mock.getter(navigator, 'userAgent', () => 'Mozilla/5.0 (X11; Linux x86_64) Chrome/130 Electron/33 Safari/537.36 Mattermost/5.10');
  await newStarter(world.store).startInView(channel);
  assert.equal(world.store.getState()['plugins-zoom'], null);
});

const threads = { views: { threads: { selectedThreadIdInTeam: { team: 'root' } } } };

test('in the threads view the meeting is in the thread and its channel', async () => {
  const world = newWorld(threads);
  world.answers = ({ method }) => (method === 'GET' ? json(200, { id: 'root', channel_id: 'far' }) : meeting(url));
  await newStarter(world.store).startInView(undefined);
  assert.equal(world.requests[0].url, '/sub/api/v4/posts/root');
  assert.deepEqual([world.requests[1].body.channel_id, world.requests[1].body.root_id], ['far', 'root']);

  const { entities } = newState();
  const near = newWorld({ ...threads, entities: { ...entities, posts: { posts: { root: { channel_id: 'near' } } } } });
  await newStarter(near.store).startInView(undefined);
  assert.deepEqual(near.requests.map(({ body }) => body.channel_id), ['near']);
});

test('without a thread there, or when it cannot be read, nothing is started', async () => {
  for (const more of [{}, threads]) {
    const world = newWorld(more);
    world.answers = () => json(404, {});
    await newStarter(world.store).startInView(undefined);
    assert.deepEqual(world.store.getState()['plugins-zoom'], { id: 'zoom.no_thread' });
    assert.equal(world.requests.filter(({ method }) => method === 'POST').length, 0);
  }
});
