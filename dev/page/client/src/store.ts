// The one store, with Mattermost's own reducers; beside them what plugins have
// registered, and which view is open.

import type { Post } from '@mattermost/types/posts';
import type { GlobalState } from '@mattermost/types/store';
import configureStore from 'mattermost-redux/store';
import type { ComponentType, ReactElement, ReactNode } from 'react';
import { useSelector } from 'react-redux';
import type { AnyAction, Reducer, Store } from 'redux';

export type Manifest = { id: string; version: string; webapp: { bundle_path: string } };
export type PostProps = { post: Post; compactDisplay: boolean; isRHS: boolean; theme: object };
export type Component = {
  id: string;
  pluginId: string;
  icon?: ReactElement;
  iconUrl?: string;
  name?: ReactNode;
  action?: (channel?: object, member?: object) => void;
  component?: ComponentType<{ theme: object }>;
};
export type PostType = { id: string; pluginId: string; type: string; component: ComponentType<PostProps> };

type Plugins = { plugins: Record<string, Manifest>; components: Record<string, Component[]>; postTypes: Record<string, PostType> };
type Views = {
  inThreads: boolean;
  rhs: { selectedPostId: string };
  threads: { selectedThreadIdInTeam: Record<string, string | null> };
  i18n: { translations: Record<string, Record<string, string>> };
  problem: string;
};
export type State = GlobalState & { plugins: Plugins; views: Views };

const without = <T>(of: Record<string, T>, drop: (value: T) => boolean) =>
  Object.fromEntries(Object.entries(of).filter(([, value]) => !drop(value)));

const noPlugins: Plugins = { plugins: {}, components: {}, postTypes: {} };

function plugins(state = noPlugins, { type, data, name }: AnyAction): Plugins {
  switch (type) {
    case 'RECEIVED_WEBAPP_PLUGIN':
      return { ...state, plugins: { ...state.plugins, [data.id]: data } };
    case 'RECEIVED_PLUGIN_COMPONENT':
      return { ...state, components: { ...state.components, [name]: [...(state.components[name] ?? []), data] } };
    case 'RECEIVED_PLUGIN_POST_COMPONENT':
      return { ...state, postTypes: { ...state.postTypes, [data.type]: data } };
    case 'REMOVED_WEBAPP_PLUGIN': {
      const components = Object.entries(state.components).map(([key, list]) => [key, list.filter((c) => c.pluginId !== data.id)]);
      return {
        plugins: without(state.plugins, (manifest) => manifest.id === data.id),
        components: Object.fromEntries(components),
        postTypes: without(state.postTypes, (postType) => postType.pluginId === data.id),
      };
    }
  }
  return state;
}

const noViews: Views = {
  inThreads: false,
  rhs: { selectedPostId: '' },
  threads: { selectedThreadIdInTeam: {} },
  i18n: { translations: {} },
  problem: '',
};

function views(state = noViews, { type, data, teamId }: AnyAction): Views {
  switch (type) {
    case 'SHOW_THREADS':
      return { ...state, inThreads: data, rhs: noViews.rhs, problem: '' };
    case 'SELECT_POST':
      return { ...state, rhs: { selectedPostId: data } };
    case 'SELECT_THREAD':
      return { ...state, threads: { selectedThreadIdInTeam: { ...state.threads.selectedThreadIdInTeam, [teamId]: data } } };
    case 'RECEIVED_TRANSLATIONS':
      return { ...state, i18n: { translations: { ...state.i18n.translations, ...data } } };
    case 'PROBLEM':
      return { ...state, problem: data };
  }
  return state;
}

export const store: Store<State> = configureStore({
  appReducers: { plugins: plugins as Reducer, views: views as Reducer },
  getAppReducers: () => ({}),
  preloadedState: {},
});

// Thunks are among what is dispatched.
export const dispatch = store.dispatch as (action: object) => any;
export const useView = <T>(select: (state: State) => T) => useSelector(select);

export const reasonOf = (error: unknown) => (error as Error).message || 'The server cannot be reached.';
export const complain = (error: unknown) => dispatch({ type: 'PROBLEM', data: reasonOf(error) });

// Runs what a user has asked for, and shows on the page why it failed.
export function attempt(work: () => Promise<unknown>) {
  dispatch({ type: 'PROBLEM', data: '' });
  return work().catch(complain);
}
