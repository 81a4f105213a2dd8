import { CHANNEL, changes, json, newPost, newWorld, show } from './world';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import React from 'react';
import { MeetingPost } from '../src/meeting_post';
import { guarded } from '../src/parts';
import { newStarter, type Start } from '../src/start';

const started = {
  meeting_status: 'STARTED', meeting_topic: 'Weekly *sync*', meeting_link: 'https://zoom.us/j/85550001111?pwd=x',
  meeting_id: 85550001111, meeting_personal: false, meeting_provider: 'Zoom',
};
const recent = { ...started, type: 'custom_zoom', meeting_status: 'RECENTLY_CREATED', meeting_creator_username: 'sam', wanted_topic: 'Mine' };
const idle: Start = async () => undefined;

const card = (props: Record<string, unknown>, start = idle) => <MeetingPost post={newPost(props)} start={start} />;

test('a started meeting shows topic, number and the link to join', () => {
  const seen = show(card(started), newWorld());
  assert.equal(seen.main.querySelector('.zoom-topic .markdown')?.textContent, 'Weekly *sync*');
  assert.match(seen.text(), /The meeting has started\.Meeting ID: 855 5000 1111/);
  const link = seen.link('Join meeting')!;
  assert.equal(link.href, 'https://zoom.us/j/85550001111?pwd=x');
  assert.equal(link.target, '_blank');
  assert.equal(link.rel, 'noopener noreferrer');
  assert.equal(seen.main.querySelector('[role=group]')?.getAttribute('aria-label'), 'Zoom meeting: Weekly *sync*');
});

test('a personal meeting says so, and numbers are grouped as at Zoom', () => {
  const world = newWorld();
  assert.match(show(card({ ...started, meeting_personal: true, meeting_id: 1234567890 }), world).text(), /Personal meeting ID: 123 456 7890/);
  assert.match(show(card({ ...started, meeting_id: 123456789 }), world).text(), /Meeting ID: 123 456 789/);
});

test('an ended meeting shows when, in the time zone and clock of the user, and no link', () => {
  const props = { ...started, meeting_status: 'ENDED', meeting_start_time: Date.UTC(2026, 0, 15, 9, 1), meeting_end_time: Date.UTC(2026, 0, 15, 13, 30, 20) };
  const seen = show(card(props), newWorld());
  assert.match(seen.text(), /The meeting has ended\./);
  assert.match(seen.text(), /StartedJan 15, 10:01EndedJan 15, 14:30Length4 h 30 min/);
  assert.equal(seen.main.querySelectorAll('a').length, 0);
});

test('an older post counts from its own time', () => {
  const seen = show(card({ ...started, meeting_status: 'ENDED', meeting_end_time: Date.UTC(2026, 0, 15, 9, 20) }), newWorld());
  assert.match(seen.text(), /Length20 min/);
});

for (const meeting_link of ['javascript:alert(1)', 'data:text/html,x', ' https://zoom.us', 'https://', '', 7, null, ['https://zoom.us']]) {
  test(`no link is made of ${JSON.stringify(meeting_link)}`, () => {
    for (const props of [{ ...started, meeting_link }, { ...recent, meeting_link }]) {
      const seen = show(card(props), newWorld());
      assert.equal(seen.main.querySelectorAll('a').length, 0);
      assert.match(seen.text(), /plain words/);
    }
  });
}

test('props of any type do no harm', () => {
  for (const value of [null, undefined, 1e300, -1, NaN, {}, [], true, 'x']) {
    const props = Object.fromEntries(Object.keys({ ...started, meeting_end_time: 0 }).map((key) => [key, value]));
    show(card(props), newWorld());
    show(card({ ...props, meeting_status: 'ENDED' }), newWorld());
  }
  assert.match(show(card({}), newWorld()).text(), /plain words/);
});

test('a post that cannot be drawn is plain', (t) => {
  t.mock.method(console, 'error', () => {});
  const Broken = guarded(() => { throw new Error('broken'); });
  assert.equal(show(<Broken post={newPost({})} />, newWorld()).text(), 'plain words');
});

test('a meeting that is there already is offered to join, or another one', async () => {
  const world = newWorld();
  const seen = show(card(recent, newStarter(world.store).start), world);
  assert.match(seen.text(), /@sam has just started a Zoom meeting in this channel/);
  assert.equal(seen.link('Join meeting')?.href, started.meeting_link);
  await seen.press('Start a new meeting');
  assert.equal(world.requests.length, 1);
  assert.equal(world.requests[0].url, '/sub/plugins/zoom/api/v1/meetings?force=true');
  assert.equal(world.requests[0].body.topic, 'Mine');
  assert.equal(world.requests[0].body.channel_id, CHANNEL);
  assert.equal(world.tabs.length, 1);
  assert.match(seen.main.querySelector('[role=status]')?.textContent ?? '', /Your new meeting is ready/);
  await seen.press('Start a new meeting');
  assert.equal(world.requests.length, 1, 'one meeting is enough');
});

test('two quick presses are one request', async () => {
  const world = newWorld();
  const seen = show(card(recent, newStarter(world.store).start), world);
  await changes(() => {
    seen.button('Start a new meeting')!.click();
    seen.button('Start a new meeting')!.click();
  });
  assert.equal(world.requests.length, 1);
});

test('what went wrong is told below the button, which stays', async () => {
  const world = newWorld();
  world.answers = () => json(403, { error: 'Not in this channel.' });
  const seen = show(card(recent, newStarter(world.store).start), world);
  await seen.press('Start a new meeting');
  assert.equal(seen.main.querySelector('[role=status]')?.textContent, 'Not in this channel.');
  assert.equal(seen.button('Start a new meeting')?.getAttribute('aria-disabled'), 'false');
  assert.equal(world.tabs.length, 0);
});

test('cards know narrow places and German', () => {
  const post = newPost(started);
  const seen = show(<MeetingPost post={post} start={idle} compactDisplay isRHS />, newWorld(), 'de');
  assert.equal(seen.main.firstElementChild?.className, 'zoom-card zoom-compact zoom-rhs');
  assert.ok(seen.link('Am Meeting teilnehmen'));
});

test('without the markdown of the host the topic is plain', () => {
  const world = newWorld();
  window.PostUtils = undefined;
  assert.match(show(card(started), world).text(), /Weekly \*sync\*/);
});
