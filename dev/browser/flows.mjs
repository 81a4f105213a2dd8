// What people do with the plugin, from the first minute on.

import assert from 'node:assert/strict';
import { assertAccessibleInBoth } from './axe.mjs';
import { back, card, clickUnseen, enter, feed, header, heardAll, notice, opens, send, thread, unfocused } from './demo.mjs';

const unique = (page) => feed(page).getByRole('button', { name: 'Use a unique meeting ID' });
const joinLink = (within) => within.getByRole('link', { name: 'Join meeting' });

// Somebody answers the question once, so that later tests are not asked.
async function prefersUnique(demo, page) {
  await send(page, '/zoom settings');
  await feed(page).getByRole('button', { name: 'Unique meeting ID' }).last().click();
  await feed(page).getByText('Saved. Each of your meetings gets an ID of its own.').waitFor();
}

export async function beforeConnecting(demo, { admin, member, stranger }) {
  const { test, shot } = demo;
  await test('before Zoom is connected, a member is told to wait for an admin', async () => {
    await header(member).click();
    await feed(member).getByText('No Zoom account is connected yet').waitFor();
    await send(stranger, '/zoom start');
    await feed(stranger).getByText('No Zoom account is connected yet').waitFor();
    assert.equal(member.opened.length, 0);
    await shot(member, 'not-connected');
  });
  await test('an admin is led through the set-up', async () => {
    await send(admin, '/zoom setup');
    await feed(admin).getByText(`${demo.url}/plugins/zoom/oauth2/complete`).first().waitFor();
    await feed(admin).getByText(`${demo.url}/plugins/zoom/webhook?secret=`).first().waitFor();
    await shot(admin, 'setup');
    await send(member, '/zoom setup');
    await feed(member).getByText('system admins').last().waitFor();
  });
  await test('an admin connects the Zoom account', async () => {
    await send(admin, '/zoom connect');
    const link = feed(admin).getByRole('link', { name: /^Connect .* Zoom account$/ }).last();
    const consent = await opens(admin, () => link.click());
    demo.watch(consent, 'consent');
    await consent.getByRole('heading', { name: /wants to use your Zoom account/ }).waitFor();
    await shot(consent, 'zoom-consent', { fullPage: true });
    await consent.getByRole('button', { name: 'Allow' }).click();
    await consent.getByRole('heading', { name: 'Zoom is connected' }).waitFor();
    await shot(consent, 'connected');
    await assertAccessibleInBoth(consent);
    await back(admin, consent);
    await feed(admin).getByText('Zoom is connected: the account of').waitFor();
  });
  await test('status shows an admin whose account it is', async () => {
    await send(admin, '/zoom status');
    await feed(admin).getByText('admin@example.com').last().waitFor();
    await shot(admin, 'status');
  });
  await test('help and suggestions fit the role', async () => {
    for (const [page, sees] of [[admin, true], [member, false]]) {
      await page.getByRole('combobox', { name: 'Message or /command' }).fill('/zoom ');
      const options = page.getByRole('option');
      await options.filter({ hasText: '/zoom start' }).waitFor();
      assert.equal(await options.filter({ hasText: '/zoom setup' }).count(), sees ? 1 : 0);
      if (sees) await shot(page, 'suggestions');
      await page.keyboard.press('Escape');
      await send(page, '/zoom help');
      await feed(page).getByText('/zoom subscription add').last().waitFor();
      assert.equal(await feed(page).locator('li, td').filter({ hasText: '/zoom connect' }).count() > 0, sees);
    }
    await shot(admin, 'help');
  });
}

export async function starting(demo, { admin, member, guest, stranger }) {
  const { test, shot } = demo;
  let meeting;
  await test('one click on the header button, one answer, one meeting in one tab', async () => {
    const channel = await demo.newChannel(admin, 'One click', member);
    const other = await demo.tab('member', channel.name);
    await unfocused(other);
    await member.bringToFront();
    await header(member).click();
    await unique(member).waitFor();
    await shot(member, 'which-meeting-id');
    meeting = await opens(member, () => unique(member).click());
    demo.watch(meeting, 'meeting');
    await meeting.getByRole('heading', { name: 'Meeting Zoom Meeting' }).waitFor();
    await card(member, 'Zoom Meeting').waitFor();
    await card(other, 'Zoom Meeting').waitFor();
    await heardAll(demo, other, channel);
    assert.deepEqual([member.opened.length, other.opened.length], [1, 0]);
    assert.equal(await card(member, 'Zoom Meeting').count(), 1);
    await feed(member).getByText('You chose a unique meeting ID.').waitFor();
    assert.equal(await unique(member).count(), 0);
    await back(member, other);
  });
  await test('the post follows the meeting, and the thread gets what was recorded', async () => {
    await meeting.bringToFront();
    await meeting.getByRole('button', { name: 'Join' }).click();
    await meeting.getByRole('button', { name: 'End' }).waitFor();
    await shot(meeting, 'zoom-meeting', { fullPage: true });
    await meeting.getByRole('button', { name: 'End' }).click();
    await card(member, 'Zoom Meeting').getByText('The meeting has ended.').waitFor();
    assert.equal(await joinLink(card(member, 'Zoom Meeting')).count(), 0);
    await meeting.getByRole('button', { name: 'Publish a recording' }).click();
    await back(member, meeting);
    await feed(member).getByRole('button', { name: '2 replies' }).click();
    await thread(member).getByRole('link', { name: 'watch the recording' }).waitFor();
    await thread(member).getByRole('link', { name: 'Chat-history.txt' }).waitFor();
    await thread(member).getByRole('link', { name: 'transcription.txt' }).waitFor();
    await thread(member).getByText('The meeting has ended.').waitFor();
    await shot(member, 'thread-recorded');
    await member.getByRole('button', { name: 'Close the thread' }).click();
  });
  await test('with a known answer, one click starts the meeting in the tab that clicked', async () => {
    const channel = await demo.newChannel(admin, 'Known', member);
    const other = await demo.tab('member', channel.name);
    await member.bringToFront();
    const opened = member.opened.length;
    await back(member, await opens(member, () => header(member).click()));
    await card(other, 'Zoom Meeting').waitFor();
    await heardAll(demo, other, channel);
    assert.deepEqual([member.opened.length - opened, other.opened.length], [1, 0]);
    await back(member, other);
  });
  await test('a guest needs two clicks from /zoom start to the meeting, with the question', async () => {
    await demo.newChannel(admin, 'Guests', guest);
    await send(guest, '/zoom start Weekly *sync*'); // the first
    const tab = await opens(guest, () => unique(guest).click()); // the second
    await tab.getByRole('heading', { name: 'Meeting Weekly' }).waitFor();
    await back(guest, tab);
    await card(guest, 'Weekly *sync*').locator('em', { hasText: 'sync' }).waitFor(); // by the host's Markdown
    await joinLink(card(guest, 'Weekly *sync*')).waitFor();
  });
  await test('a meeting of somebody else is offered first: to join, or another one', async () => {
    const channel = await demo.newChannel(admin, 'Recent', member);
    await prefersUnique(demo, admin);
    await back(member, await opens(member, () => header(member).click()));
    const first = await joinLink(card(member, 'Zoom Meeting')).getAttribute('href');
    await card(admin, 'Zoom Meeting').waitFor();
    await header(admin).click();
    const offer = card(admin, 'Zoom Meeting').filter({ hasText: '@member has just started' });
    await offer.waitFor();
    await shot(admin, 'recently-created');
    assert.equal(await joinLink(offer).getAttribute('href'), first);
    const tab = await opens(admin, () => offer.getByRole('button', { name: 'Start a new meeting' }).click());
    assert.notEqual(tab.url(), first);
    await back(admin, tab);
    await offer.getByText('Your new meeting is ready.').waitFor();
    await shot(admin, 'another-meeting');
    await heardAll(demo, admin, channel);
    assert.equal(await card(admin, 'Zoom Meeting').filter({ hasText: 'has started' }).count(), 2);
  });
  await test('whoever wants it gets the personal meeting ID', async () => {
    await demo.newChannel(admin, 'Personal', member);
    await send(member, '/zoom settings');
    await feed(member).getByRole('button', { name: 'Ask every time' }).waitFor();
    await shot(member, 'settings');
    await feed(member).getByRole('button', { name: 'Ask every time' }).click();
    await feed(member).getByText('Saved.').waitFor();
    await send(member, '/zoom start');
    const personal = feed(member).getByRole('button', { name: 'Use my personal meeting ID' });
    await back(member, await opens(member, () => personal.click()));
    await card(member, 'Zoom Meeting').getByText('Personal meeting ID: 555 123 4567').waitFor();
    await shot(member, 'personal-meeting');
    await prefersUnique(demo, member);
  });
  await test('the app bar starts a meeting in the thread that is open', async () => {
    const channel = await demo.newChannel(admin, 'Threaded', member);
    const root = await demo.api(member, 'POST', '/posts', { channel_id: channel.id, message: 'Shall we talk?' });
    await demo.api(member, 'POST', '/posts', { channel_id: channel.id, root_id: root.id, message: 'Yes' });
    const appBar = member.getByRole('complementary', { name: 'Apps' }).getByRole('button', { name: 'Start a Zoom meeting' });
    await enter(member, 'Threads');
    await appBar.click();
    await notice(member).getByText('Open a thread first').waitFor();
    await member.getByRole('button', { name: 'Dismiss' }).click();
    await member.getByRole('button', { name: 'Shall we talk?' }).click();
    await thread(member).getByText('Yes').waitFor();
    await back(member, await opens(member, () => appBar.click()));
    await joinLink(thread(member)).waitFor();
    await shot(member, 'threads-view');
    await enter(member, 'Threaded');
  });
  await test('the call button starts one meeting, by click and by touch', async () => {
    const channel = await demo.newChannel(admin, 'Calls', member);
    const opened = member.opened.length;
    await back(member, await opens(member, async () => {
      await member.locator('.zoom-call').dispatchEvent('touchend'); // before the click, as on a phone
      await member.locator('.zoom-call').click();
    }));
    await card(member, 'Zoom Meeting').waitFor();
    await heardAll(demo, member, channel);
    assert.deepEqual([member.opened.length - opened, await card(member, 'Zoom Meeting').count()], [1, 1]);
  });
  await test('where the browser blocks the tab, the link is shown', async () => {
    await demo.newChannel(admin, 'Blocked', member);
    const opened = member.opened.length;
    // Another popup takes what the click allows; it is the browser itself that blocks.
    await header(member).evaluate((button) => {
      const { open } = window;
      button.addEventListener('click', () => open('about:blank').close(), { once: true, capture: true });
    });
    assert.equal(await clickUnseen(member, header(member)), 'tab blocked');
    await notice(member).getByText('the browser did not let it open').waitFor();
    await shot(member, 'popup-blocked');
    assert.equal(member.opened.length - opened, 1, 'only the other popup');
    const tab = await opens(member, () => joinLink(notice(member)).click());
    await tab.getByRole('heading', { name: 'Meeting Zoom Meeting' }).waitFor();
    await back(member, tab);
    assert.equal(await notice(member).getByRole('link').count(), 0);
  });
  await test('whom Zoom does not know is told so where they clicked', async () => {
    stranger.expected.push({ status: 404, path: '/api/v1/meetings' });
    await enter(stranger, 'Meetings');
    await header(stranger).click();
    await notice(stranger).getByText('stranger@elsewhere.example').waitFor();
    await shot(stranger, 'unknown-to-zoom');
    assert.equal(stranger.opened.length, 0);
    await stranger.getByRole('button', { name: 'Dismiss' }).click();
    await notice(stranger).getByText('stranger@').waitFor({ state: 'detached' });
  });
}

export async function rules(demo, { admin, member, guest, stranger }) {
  const { test, shot } = demo;
  const dialog = admin.getByRole('dialog', { name: 'Zoom in this channel' });
  await test('an admin switches meetings off in a channel, by a dialog', async () => {
    await demo.newChannel(admin, 'Quiet', member, guest);
    await back(member, await opens(member, () => header(member).click()));
    await card(admin, 'Zoom Meeting').waitFor();
    await header(admin).click(); // for the next test
    await send(admin, '/zoom channel-settings');
    await dialog.waitFor();
    await shot(admin, 'channel-settings');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });
    await send(admin, '/zoom channel-settings');
    await dialog.getByRole('radio', { name: 'Switched off' }).check();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    await feed(admin).getByText('Starting meetings is switched off in this channel.').waitFor();
  });
  await test('who then presses a button in a card is told there', async () => {
    admin.expected.push({ status: 403, path: '/api/v1/meetings' });
    const offer = card(admin, 'Zoom Meeting').filter({ hasText: '@member has just started' });
    await offer.getByRole('button', { name: 'Start a new meeting' }).click();
    await offer.getByRole('status').getByText('Starting meetings is switched off in this').waitFor();
    await shot(admin, 'restricted-card');
  });
  await test('there, guests and members are told why there is no meeting', async () => {
    guest.expected.push({ status: 403, path: '/api/v1/meetings' });
    const opened = [guest.opened.length, member.opened.length];
    await header(guest).click();
    await notice(guest).getByText('Starting meetings is switched off in this').waitFor();
    await shot(guest, 'restricted');
    await guest.getByRole('button', { name: 'Dismiss' }).click();
    await send(member, '/zoom start');
    await feed(member).getByText('Starting meetings is switched off in this').waitFor();
    await send(member, '/zoom channel-settings');
    await feed(member).getByText('Only admins of this channel').waitFor();
    assert.deepEqual([guest.opened.length, member.opened.length], opened);
  });
  await test('an admin sees the channels that have a setting', async () => {
    await send(admin, '/zoom channel-settings list');
    await feed(admin).getByText('quiet').last().waitFor();
  });
  await test('a member subscribes a channel to a meeting, which is then posted when it starts', async () => {
    await enter(member, 'Meetings');
    await send(member, '/zoom subscription list');
    await feed(member).getByText('You have not subscribed any channel').waitFor();
    const scheduled = await member.context().newPage();
    demo.watch(scheduled, 'scheduled');
    await scheduled.goto(demo.zoom);
    await shot(scheduled, 'zoom-overview', { fullPage: true });
    await scheduled.getByRole('combobox', { name: 'Host' }).selectOption('member@example.com');
    await scheduled.getByRole('button', { name: 'Schedule' }).click();
    await scheduled.getByRole('heading', { name: 'Meeting Planning' }).waitFor();
    await send(member, `/zoom subscription add ${scheduled.url()}`);
    await feed(member).getByText('Planning').last().waitFor();
    await send(member, '/zoom subscription list');
    await feed(member).getByRole('heading', { name: 'Your subscriptions' }).waitFor();
    await shot(member, 'subscriptions');
    await scheduled.getByRole('button', { name: 'Join' }).click();
    await joinLink(card(member, 'Planning')).waitFor();
    await sendsAnything(demo, member, scheduled);
    await back(member, scheduled);
  });
  await test('only admins connect', async () => {
    await enter(stranger, 'Meetings');
    await send(stranger, '/zoom connect');
    await feed(stranger).getByText('Only system admins').last().waitFor();
    await page(demo, stranger, '/plugins/zoom/oauth2/connect', 403, 'For system admins');
  });
  await test('pages about states that are no good', async () => {
    await page(demo, admin, '/plugins/zoom/oauth2/complete?code=x', 200, 'Nothing has changed');
    await page(demo, admin, '/plugins/zoom/oauth2/complete?code=x&state=old', 401, 'no longer valid');
  });
}

// The panel tells the plugin that the meeting has ended, with and without a
// signature that is right.
async function sendsAnything(demo, member, tab) {
  await tab.getByRole('link', { name: 'Send any webhook about it' }).click();
  await tab.getByRole('combobox', { name: 'Event' }).selectOption('meeting.ended');
  await tab.getByRole('button', { name: /^Prepare/ }).click();
  await tab.getByRole('combobox', { name: 'Signature' }).selectOption('wrong');
  await tab.getByRole('button', { name: 'Send', exact: true }).click();
  await tab.getByRole('row', { name: /meeting.ended/ }).first().getByRole('cell', { name: '401', exact: true }).waitFor();
  await tab.getByRole('combobox', { name: 'Signature' }).selectOption('right');
  await demo.shot(tab, 'zoom-panel', { fullPage: true });
  await tab.getByRole('button', { name: 'Send', exact: true }).click();
  await card(member, 'Planning').getByText('The meeting has ended.').waitFor();
}

async function page(demo, person, path, status, heading) {
  const tab = await person.context().newPage();
  const answer = await tab.goto(demo.url + path);
  assert.equal(answer.status(), status);
  await tab.getByRole('heading', { name: heading }).waitFor();
  await assertAccessibleInBoth(tab);
  await demo.shot(tab, `page-${heading.toLowerCase().replaceAll(' ', '-')}`);
  await back(person, tab);
}
