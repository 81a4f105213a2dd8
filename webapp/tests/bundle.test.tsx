// The file as browsers get it.

import { changes, newPost, newWorld, show } from './world';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import React, { type ComponentType, type ReactElement } from 'react';
import * as ReactIntl from 'react-intl';
import * as ReactRedux from 'react-redux';
import type { PostProps } from '../src/host';
import de from '../i18n/de.json';
import en from '../i18n/en.json';

const bundle = readFileSync('dist/main.js', 'utf8');

type Call = { method: string; args: any[] };
type Plugin = { initialize(registry: unknown, store: unknown): void; uninitialize(): void };

// load runs the bundle in a host that lacks some methods, and notes what it does.
function load(world: ReturnType<typeof newWorld>, lacks: string[] = []) {
  let plugin: Plugin | undefined;
  const calls: Call[] = [];
  Object.assign(window, { React, ReactRedux, ReactIntl, registerPlugin: (id: string, p: Plugin) => { assert.equal(id, 'zoom'); plugin = p; } });
  new Function(bundle)();
  const registry = new Proxy({}, {
    get: (_, method: string) => (lacks.includes(method) ? undefined : (...args: unknown[]) => { calls.push({ method, args }); return 'id'; }),
  });
  plugin!.initialize(registry, world.store);
  return { plugin: plugin!, calls, registry, of: (method: string) => calls.filter((call) => call.method === method).map(({ args }) => args) };
}

test('the bundle is small, and has neither React nor addresses of its own', () => {
  assert.ok(Buffer.byteLength(bundle) < 25_000, `${Buffer.byteLength(bundle)} bytes`);
  for (const trace of ['react.element', 'useSyncExternalStore', '__SECRET_INTERNALS', 'sourceMappingURL', 'http://', 'eval(', 'require(']) {
    assert.ok(!bundle.includes(trace), trace);
  }
  assert.match(bundle, /^[\x00-\x7f]*$/, 'read alike in every character set');
  assert.doesNotMatch(bundle, /https:\/\//);
});

test('it registers each thing once', () => {
  const { calls, of } = load(newWorld());
  const counts: Record<string, number> = {};
  for (const { method } of calls) counts[method] = (counts[method] ?? 0) + 1;
  assert.deepEqual(counts, {
    registerTranslations: 1, registerReducer: 1, registerGlobalComponent: 1, registerChannelHeaderButtonAction: 1,
    registerCallButtonAction: 1, registerAppBarComponent: 1, registerPostTypeComponent: 3, registerWebSocketEventHandler: 1,
  });
  assert.deepEqual(of('registerPostTypeComponent').map(([type]) => type), ['custom_zoom', 'custom_zoom_transcript', 'custom_zoom_chat']);
  assert.equal(of('registerWebSocketEventHandler')[0][0], 'custom_zoom_meeting_started');
  assert.equal(of('registerAppBarComponent')[0][0], '/sub/plugins/zoom/public/app-bar-icon.png');
});

test('names are texts of the host, which follow the language', () => {
  const { of } = load(newWorld());
  for (const name of [of('registerChannelHeaderButtonAction')[0][3], of('registerAppBarComponent')[0][2]]) {
    assert.equal((name as ReactElement).type, ReactIntl.FormattedMessage);
    assert.equal((name as ReactElement).props.defaultMessage, 'Start a Zoom meeting');
  }
});

test('hosts without call button and app bar do', () => {
  const { of } = load(newWorld(), ['registerCallButtonAction', 'registerAppBarComponent']);
  assert.equal(of('registerChannelHeaderButtonAction').length, 1);
});

test('header, call button and app bar start a meeting in the channel', async () => {
  for (const [method, at] of [['registerChannelHeaderButtonAction', 1], ['registerCallButtonAction', 2], ['registerAppBarComponent', 1]] as const) {
    const world = newWorld();
    const action = load(world).of(method)[0][at];
    await changes(() => action({ id: 'here' }, {}));
    assert.deepEqual(world.requests.map(({ body }) => body.channel_id), ['here']);
    assert.equal(world.tabs.length, 1);
  }
});

test('the call button is a button with a name', () => {
  const world = newWorld();
  const seen = show(load(world).of('registerCallButtonAction')[0][0], world);
  assert.equal(seen.button('Start a Zoom meeting')?.type, 'button');
});

test('a post is drawn by the component that was registered for it', () => {
  const world = newWorld();
  const [, Card] = load(world).of('registerPostTypeComponent')[0] as [string, ComponentType<PostProps>];
  const seen = show(<Card post={newPost({ meeting_status: 'STARTED', meeting_link: 'https://zoom.us/j/1' })} />, world);
  assert.equal(seen.link('Join meeting')?.href, 'https://zoom.us/j/1');
});

test('the style comes once, and goes as often as the host likes', () => {
  const world = newWorld();
  const { plugin, registry } = load(world);
  plugin.initialize(registry, world.store);
  const styles = () => document.querySelectorAll('head style');
  assert.equal(styles().length, 1);
  for (const color of styles()[0].textContent!.matchAll(/#[0-9a-f]{3,8}\b|rgba?\(\s*\d/gi)) assert.fail(`not of the theme: ${color[0]}`);
  plugin.uninitialize();
  plugin.uninitialize();
  assert.equal(styles().length, 0);
});

test('colours are those of the theme, custom ones too', () => {
  load(newWorld());
  const css = document.querySelector('#zoom-style')!.textContent!;
  assert.ok(css.includes('var(--center-channel-bg)'));
  assert.doesNotMatch(css, /#[0-9a-f]{3}|rgba?\((?!var\(--)|hsl|:\s*(?:white|black)\b/i);
});

test('every text is there in every language, with the same values', () => {
  const values = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
  assert.deepEqual(Object.keys(de), Object.keys(en));
  for (const [id, text] of Object.entries(en)) assert.deepEqual(values(de[id as keyof typeof de]), values(text), id);
  const [translations] = load(newWorld()).of('registerTranslations')[0];
  assert.deepEqual(translations('de'), de);
  assert.deepEqual(translations('de-AT'), de);
  for (const locale of ['en', 'en-AU', 'fr', '', 'constructor']) assert.deepEqual(translations(locale), en, locale);
});
