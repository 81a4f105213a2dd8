// The pictures in docs/, of a channel as people would see it.

import { join } from 'node:path';
import { back, card, feed, header, opens, send, thread } from './demo.mjs';

export async function pictures(demo, { admin, member }, folder) {
  const picture = (page, part, name) => page.locator(part).screenshot({ path: join(folder, `${name}.png`) });
  await demo.newChannel(admin, 'Website', member);
  for (const page of [admin, member]) await page.setViewportSize({ width: 940, height: 600 });

  await send(member, 'The new front page is ready. Shall we look at it together?');
  await feed(member).getByText('The new front page').waitFor();
  const meeting = await opens(member, () => send(member, '/zoom start Weekly *sync*'));
  await card(admin, 'Weekly *sync*').waitFor();
  await picture(admin, 'main', 'meeting');
  await header(admin).click();
  await card(admin, 'Weekly *sync*').getByRole('button', { name: 'Start a new meeting' }).waitFor();
  await picture(admin, 'main', 'recently-created');

  await meeting.bringToFront();
  for (const button of ['Join', 'End', 'Publish a recording']) await meeting.getByRole('button', { name: button }).click();
  await back(member, meeting);
  await feed(member).getByRole('button', { name: '2 replies' }).click();
  await thread(member).getByRole('link', { name: 'Chat-history.txt' }).waitFor();
  await thread(member).getByRole('link', { name: 'transcription.txt' }).waitFor();
  await picture(member, '.rhs', 'recorded');
}
