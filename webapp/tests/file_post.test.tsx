import { newPost, newWorld, show } from './world';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import React from 'react';
import { FilePost } from '../src/file_post';

const post = newPost({ captions: [{ file_id: 'file' }] }, { type: 'custom_zoom_transcript', message: 'The transcript is attached.' });

const agents = (callsPostButtonClickedTranscription: unknown) => ({
  plugins: { plugins: { 'mattermost-ai': {} } }, 'plugins-mattermost-ai': { callsPostButtonClickedTranscription },
});

test('a transcript says what it says, and offers no summary where nobody makes one', () => {
  for (const more of [{}, { plugins: { plugins: {} } }, agents(undefined), agents('no function'), { ...agents(() => {}), plugins: undefined }]) {
    const seen = show(<FilePost post={post} />, newWorld(more));
    assert.match(seen.text(), /The transcript is attached\./);
    assert.equal(seen.main.querySelectorAll('button').length, 0);
  }
});

test('the Agents plugin gets the post', async () => {
  const got: unknown[] = [];
  const seen = show(<FilePost post={post} />, newWorld(agents((p: unknown) => got.push(p))));
  await seen.press('Summarize');
  assert.deepEqual(got, [post]);
});

test('a summary that fails is told', async () => {
  for (const fails of [() => { throw new Error('now'); }, async () => { throw new Error('later'); }]) {
    const seen = show(<FilePost post={post} />, newWorld(agents(fails)));
    await seen.press('Summarize');
    assert.match(seen.main.querySelector('[role=status]')?.textContent ?? '', /could not be started/);
  }
});
