// Loads the web apps of plugins as the server serves them, and gives each a
// registry: what it registers goes into the store, or stays with it here.

import type { UserProfile } from '@mattermost/types/users';
import { UserTypes } from 'mattermost-redux/action_types';
import reducerRegistry from 'mattermost-redux/store/reducer_registry';
import type { ComponentType, ReactElement, ReactNode } from 'react';
import type { Reducer } from 'redux';
import { dispatch, store, type Component, type Manifest, type PostProps } from './store';

export type Message = { event: string; data: Record<string, any>; broadcast: Record<string, any>; seq: number };

type Running = {
  manifest: Manifest;
  script: HTMLScriptElement;
  handlers: Record<string, (message: Message) => void>;
  reconnected?: () => void;
  translate?: (locale: string) => Record<string, string>;
};
type Instance = { initialize?(registry: object, store: object): void; uninitialize?(): void };

const running = new Map<string, Running>();
let nextId = 1;

const localeNow = () => {
  const { users, general } = store.getState().entities;
  return users.profiles[users.currentUserId]?.locale || general.config.DefaultClientLocale || 'en';
};

export function translate(locale = localeNow()) {
  const texts = Object.assign({}, ...[...running.values()].map((plugin) => plugin.translate?.(locale)));
  dispatch({ type: 'RECEIVED_TRANSLATIONS', data: { [locale]: texts } });
}

// Answers and events overtake each other: what is older than what is known is
// left alone. To ask the server again would not do, as it tells of a change
// before its cache forgets who the user was.
export function receiveUser(user: UserProfile) {
  const { currentUserId, profiles } = store.getState().entities.users;
  if (user.update_at < (profiles[user.id]?.update_at ?? 0)) return;
  if (user.id === currentUserId) translate(user.locale);
  dispatch({ type: UserTypes.RECEIVED_PROFILE, data: user });
}

function registryOf(plugin: Running) {
  const pluginId = plugin.manifest.id;
  const add = (name: string, data: Omit<Component, 'id' | 'pluginId'>) => {
    const id = String(nextId++);
    dispatch({ type: 'RECEIVED_PLUGIN_COMPONENT', name, data: { id, pluginId, ...data } });
    return id;
  };
  type Action = Component['action'];
  return {
    id: pluginId,
    supports: { globalAppBar: true, globalRhs: true },
    registerChannelHeaderButtonAction: (icon: ReactElement, action: Action, dropdownText: ReactNode, tooltipText: ReactNode) =>
      add('ChannelHeaderButton', { icon, action, name: tooltipText ?? dropdownText }),
    registerCallButtonAction: (button: ReactElement, _dropdownButton: ReactElement, action: Action) =>
      add('CallButton', { icon: button, action }),
    registerAppBarComponent: (iconUrl: string, action: Action, tooltipText: ReactNode) =>
      add('AppBar', { iconUrl, action, name: tooltipText }),
    registerGlobalComponent: (component: ComponentType<{ theme: object }>) => add('Global', { component }),
    registerPostTypeComponent: (type: string, component: ComponentType<PostProps>) => {
      const id = String(nextId++);
      dispatch({ type: 'RECEIVED_PLUGIN_POST_COMPONENT', data: { id, pluginId, type, component } });
      return id;
    },
    registerWebSocketEventHandler: (event: string, handler: (message: Message) => void) => {
      plugin.handlers[event] = handler;
    },
    registerReconnectHandler: (handler: () => void) => {
      plugin.reconnected = handler;
    },
    registerReducer: (reducer: Reducer) => reducerRegistry.register(`plugins-${pluginId}`, reducer),
    registerTranslations: (texts: (locale: string) => Record<string, string>) => {
      plugin.translate = texts;
      translate();
    },
  };
}

function end(id: string) {
  const instance = window.plugins[id] as Instance | undefined;
  instance?.uninitialize?.();
}

window.registerPlugin = (id, instance) => {
  end(id); // of a bundle that was there before
  window.plugins[id] = instance;
};

export function addPlugin(manifest: Manifest): Promise<void> {
  const before = running.get(manifest.id);
  const path = manifest.webapp.bundle_path.replace(/^\/static\/(?!plugins\/)/, '/static/plugins/');
  const source = `${location.origin}${window.basename}${path}`;
  if (before?.script.src === source) return Promise.resolve();
  if (before) removePlugin(manifest.id);
  const script = document.createElement('script');
  const plugin: Running = { manifest, script, handlers: {} };
  running.set(manifest.id, plugin);
  dispatch({ type: 'RECEIVED_WEBAPP_PLUGIN', data: manifest });
  return new Promise((resolve, reject) => {
    script.id = `plugin_${manifest.id}`;
    script.src = source;
    script.onload = () => {
      (window.plugins[manifest.id] as Instance).initialize?.(registryOf(plugin), store);
      resolve();
    };
    script.onerror = () => reject(new Error(`The web app of the plugin ${manifest.id} cannot be loaded.`));
    document.head.append(script);
  });
}

export function removePlugin(id: string) {
  const plugin = running.get(id);
  if (!plugin) return;
  running.delete(id);
  dispatch({ type: 'REMOVED_WEBAPP_PLUGIN', data: plugin.manifest });
  end(id);
  translate();
  plugin.script.remove();
}

export async function loadPlugins() {
  const answer = await fetch(`${window.basename}/api/v4/plugins/webapp`);
  const list = (answer.ok ? await answer.json() : []) as Manifest[];
  for (const id of [...running.keys()]) if (!list.some((manifest) => manifest.id === id)) removePlugin(id);
  await Promise.all(list.map(addPlugin));
}

export function tellPlugins(message: Message) {
  for (const { handlers } of running.values()) handlers[message.event]?.(message);
}

export function tellReconnected() {
  for (const plugin of running.values()) plugin.reconnected?.();
}
