// A host as far as we use it: a page, a store, a server, and tabs that open.

import './page';
import type { Post } from '@mattermost/types/posts';
import React, { type ReactElement } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { act } from 'react-dom/test-utils';
import { IntlProvider } from 'react-intl';
import { Provider } from 'react-redux';
import { legacy_createStore } from 'redux';
import type { Action, State, Store } from '../src/host';
import { reduceNotice } from '../src/notice';
import { translationsFor } from '../src/text';

export const CHANNEL = 'channel00000000000000000ch';
export const CONNECTION = 'connection000000000000conn';

export type Request = { url: string; method: string; headers: Record<string, string>; body: Record<string, unknown> };

export function newState(more: object = {}): State {
  return {
    entities: {
      general: { config: { SiteURL: 'https://chat.example.com/sub/' } },
      users: {
        currentUserId: 'ada',
        profiles: { ada: { timezone: { useAutomaticTimezone: 'false', manualTimezone: 'Europe/Berlin' } } },
      },
      teams: { currentTeamId: 'team' },
      posts: { posts: {} },
      preferences: { myPreferences: { 'display_settings--use_military_time': { value: 'true' } } },
    },
    websocket: { connectionId: CONNECTION },
    'plugins-zoom': null,
    ...more,
  } as unknown as State;
}

let root: Root | undefined;

// newWorld starts afresh: what the server answers is up to the test.
export function newWorld(more: object = {}) {
  const requests: Request[] = [];
  const tabs: { location: { href: string }; opener: unknown }[] = [];
  const world = {
    requests,
    tabs,
    blocked: false,
    focused: true,
    store: legacy_createStore((state: State = newState(more), action: Action) => ({
      ...state, 'plugins-zoom': reduceNotice(state['plugins-zoom'], action),
    })) as unknown as Store,
    answers: (_request: Request): Response | Promise<Response> => meeting('https://zoom.us/j/1'),
  };
  if (root) act(() => root?.unmount());
  root = undefined;
  document.body.innerHTML = '<main></main>';
  document.hasFocus = () => world.focused;
  globalThis.fetch = (async (url: string, init: { method?: string; headers: Record<string, string>; body?: string }) => {
    const request = { url, method: init.method ?? 'GET', headers: init.headers, body: JSON.parse(init.body ?? '{}') };
    requests.push(request);
    return world.answers(request);
  }) as typeof fetch;
  window.open = ((href: string) => {
    if (world.blocked) return null;
    const tab = { location: { href }, opener: window };
    tabs.push(tab);
    return tab;
  }) as unknown as typeof window.open;
  window.PostUtils = {
    formatText: (text) => `<em>${text}</em>`,
    messageHtmlToComponent: (html) => <span className="markdown">{html.replace(/<[^>]*>/g, '')}</span>,
  };
  return world;
}

export const json = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });
export const meeting = (url: string) => json(200, { meeting_url: url });

// What the user sees of an element.
export function show(element: ReactElement, { store }: { store: Store }, locale = 'en') {
  const main = document.querySelector('main')!;
  root ??= createRoot(main);
  act(() => root!.render(
    <Provider store={store as never}>
      <IntlProvider locale={locale} messages={translationsFor(locale)}>{element}</IntlProvider>
    </Provider>,
  ));
  const find = <T extends HTMLElement>(what: string, name: string) =>
    [...main.querySelectorAll<T>(what)].find((e) => (e.getAttribute('aria-label') ?? e.textContent) === name);
  return {
    main,
    text: () => main.textContent ?? '',
    link: (name: string) => find<HTMLAnchorElement>('a', name),
    button: (name: string) => find<HTMLButtonElement>('button', name),
    press: async (name: string) => {
      await act(async () => find('button', name)!.click());
      await act(async () => { await new Promise((done) => setTimeout(done)); });
    },
  };
}

export const changes = (body: () => void | Promise<void>) => act(async () => { await body(); });

export function newPost(props: Record<string, unknown>, more: object = {}): Post {
  return {
    id: 'post', type: 'custom_zoom', channel_id: CHANNEL, root_id: '', message: 'plain words',
    create_at: Date.UTC(2026, 0, 15, 9, 0), props, ...more,
  } as unknown as Post;
}
