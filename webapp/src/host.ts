// What we use of the host, the Mattermost web app: it publishes no types for
// its registry, its globals, or the parts of its state that are not entities.

import type { Channel } from '@mattermost/types/channels';
import type { Post } from '@mattermost/types/posts';
import type { GlobalState } from '@mattermost/types/store';
import type { ComponentType, ReactElement, ReactNode } from 'react';
import type { Notice } from './notice';

export const PLUGIN_ID = 'zoom';

// Whatever another plugin or an older host may lack is optional.
export type State = GlobalState & {
  views?: { threads?: { selectedThreadIdInTeam?: Record<string, string | null> } };
  plugins?: { plugins?: Record<string, unknown> };
  'plugins-mattermost-ai'?: { callsPostButtonClickedTranscription?: (post: Post) => unknown };
  'plugins-zoom'?: Notice | null;
};

export type Action = { type: string; notice?: Notice | null };

export type Store = {
  getState(): State;
  dispatch(action: Action): unknown;
};

export type PostProps = { post: Post; compactDisplay?: boolean; isRHS?: boolean };

export type SocketMessage = { data?: Record<string, unknown>; broadcast?: { connection_id?: string } };

type OnChannel = (channel?: Channel) => void;

// Methods with a question mark are not in every host.
export type Registry = {
  registerChannelHeaderButtonAction(icon: ReactElement, action: OnChannel, dropdownText: ReactNode, tooltipText: ReactNode): string;
  registerCallButtonAction?(button: ReactElement, dropdownButton: ReactElement, action: OnChannel): string;
  registerAppBarComponent?(iconUrl: string, action: OnChannel, tooltipText: ReactNode): unknown;
  registerGlobalComponent(component: ComponentType): string;
  registerPostTypeComponent(type: string, component: ComponentType<PostProps>): string;
  registerWebSocketEventHandler(event: string, handler: (message: SocketMessage) => void): void;
  registerReducer(reducer: (state: Notice | null | undefined, action: Action) => Notice | null): void;
  registerTranslations(translations: (locale: string) => Record<string, string>): void;
};

declare global {
  interface Window {
    basename?: string;
    registerPlugin(id: string, plugin: object): void;
    PostUtils?: {
      formatText(text: string, options?: object): string;
      messageHtmlToComponent(html: string): ReactNode;
    };
  }
}

// The path of the site, without a slash at the end.
export function basePath(state: State): string {
  const site = state.entities.general.config.SiteURL;
  const path = window.basename ?? (site && /^https?:/i.test(site) ? new URL(site).pathname : '');
  return path.replace(/\/+$/, '');
}

// The address of a link that may be offered, else nothing.
export function webLink(value: unknown): string {
  if (typeof value !== 'string' || !/^https?:\/\//i.test(value)) return '';
  try {
    return new URL(value).href;
  } catch {
    return '';
  }
}
