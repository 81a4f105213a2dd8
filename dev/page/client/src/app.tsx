// The whole page: who is signed in, channels, the open one or the threads, a
// thread on the right, and the places where plugins put buttons.

import type { Post } from '@mattermost/types/posts';
import { savePreferences } from 'mattermost-redux/actions/preferences';
import { Client4 } from 'mattermost-redux/client';
import { Preferences } from 'mattermost-redux/constants';
import { getCurrentChannel, getMyCurrentChannelMembership } from 'mattermost-redux/selectors/entities/channels';
import { getPostsInCurrentChannel, makeGetPostsForThread } from 'mattermost-redux/selectors/entities/posts';
import { get } from 'mattermost-redux/selectors/entities/preferences';
import React, { useEffect, useLayoutEffect, useMemo, useRef, useState, type ReactElement, type ReactNode } from 'react';
import { FormattedMessage, useIntl } from 'react-intl';
import { channelsOf, loadThread, titleOf } from './channels';
import { Composer } from './composer';
import { Dialogs } from './dialog';
import { Markdown } from './markdown';
import { receiveUser } from './plugins';
import { PostView, useMilitary } from './post';
import { attempt, dispatch, useView, type Component } from './store';
import { useTheme } from './theme';

export type Person = { username: string; password: string; about: string; try: string[]; session: { user_id: string; token: string } };
export type Demo = { team: string; notice: string; users: Person[] };

const me = (state: Parameters<typeof titleOf>[0]) => state.entities.users.profiles[state.entities.users.currentUserId];
const none: Component[] = [];
const useComponents = (name: string) => useView((state) => state.plugins.components[name] ?? none);

// As strict as the host: a string or a FormattedMessage itself gives a name.
function useNameOf() {
  const { formatMessage } = useIntl();
  return (name: ReactNode) => {
    if (typeof name === 'string') return name;
    const element = name as ReactElement;
    return element?.type === FormattedMessage ? formatMessage(element.props, element.props.values) : '';
  };
}

async function signIn({ username, password, session: { user_id, token } }: Person) {
  if (token) {
    await Client4.logout(); // takes the cookies away that scripts cannot change
    document.cookie = `MMAUTHTOKEN=${token}; path=/`;
    document.cookie = `MMUSERID=${user_id}; path=/`;
  } else {
    await Client4.login(username, password);
  }
  location.reload();
}

function Settings() {
  const user = useView(me);
  const theme = useView((state) => get(state, 'theme', '', '{}'));
  const compact = useView((state) => get(state, 'display_settings', 'message_display', 'clean'));
  const military = useMilitary();
  const save = (category: string, name: string, value: string) =>
    attempt(() => dispatch(savePreferences(user.id, [{ user_id: user.id, category, name, value }])));
  const choose = (label: string, value: string, options: [string, string][], change: (value: string) => void) => (
    <label>
      {label}
      <select value={value} onChange={(event) => change(event.target.value)}>
        {options.map(([key, text]) => <option key={key} value={key}>{text}</option>)}
      </select>
    </label>
  );
  return (
    <details className="settings">
      <summary>View</summary>
      {choose('Theme', JSON.parse(theme).type ?? 'Denim', Object.values(Preferences.THEMES).map(({ type }) => [type!, type!]), (type) =>
        save('theme', '', JSON.stringify(Object.values(Preferences.THEMES).find((one) => one.type === type))))}
      {choose('Language', user.locale, [['en', 'English'], ['de', 'Deutsch']], (locale) =>
        attempt(async () => receiveUser(await Client4.patchMe({ locale }))))}
      {choose('Messages', compact, [['clean', 'Standard'], ['compact', 'Compact']], (value) => save('display_settings', 'message_display', value))}
      {choose('Clock', String(military), [['false', '12 hours'], ['true', '24 hours']], (value) => save('display_settings', 'use_military_time', value))}
    </details>
  );
}

function Top({ demo }: { demo: Demo }) {
  const user = useView(me);
  return (
    <header>
      <h1>Zoom for Mattermost <small>demo</small></h1>
      <div className="users" role="group" aria-label="Signed in as">
        {demo.users.map((person) => (
          <button key={person.username} type="button" aria-pressed={person.username === user.username}
            title={`Sign in as ${person.username}: ${person.about}`} onClick={() => attempt(() => signIn(person))}>
            <b>{person.username}</b> <span>{person.about}</span>
          </button>
        ))}
      </div>
      <Settings />
    </header>
  );
}

const signs: Record<string, string> = { O: '#', P: '🔒', D: '@', G: '@' };

function Sidebar() {
  const state = useView((whole) => whole);
  const current = state.entities.channels.currentChannelId;
  const { inThreads } = state.views;
  return (
    <nav aria-label="Channels">
      <a href="#threads" aria-current={inThreads ? 'page' : undefined}><span aria-hidden="true">≡</span>Threads</a>
      {channelsOf(state).map((channel) => (
        <a key={channel.id} href={`#${channel.name}`} aria-current={!inThreads && channel.id === current ? 'page' : undefined}>
          <span aria-hidden="true">{signs[channel.type]}</span>{titleOf(state, channel)}
        </a>
      ))}
    </nav>
  );
}

function HeaderButtons() {
  const channel = useView(getCurrentChannel);
  const member = useView(getMyCurrentChannelMembership);
  const nameOf = useNameOf();
  const act = ({ action }: Component) => action?.(channel, member);
  return (
    <div className="header-buttons">
      {useComponents('ChannelHeaderButton').map((one) => (
        <button key={one.id} type="button" className="channel-header__icon" aria-label={nameOf(one.name)} title={nameOf(one.name)} onClick={() => act(one)}>
          {one.icon}
        </button>
      ))}
      {useComponents('CallButton').map((one) => (
        <div key={one.id} onClick={() => act(one)} onTouchEnd={() => act(one)}>{one.icon}</div>
      ))}
    </div>
  );
}

// The host names no channel in the view of threads.
function AppBar() {
  const inThreads = useView((state) => state.views.inThreads);
  const channel = useView(getCurrentChannel);
  const member = useView(getMyCurrentChannelMembership);
  const nameOf = useNameOf();
  return (
    <aside className="app-bar" aria-label="Apps">
      {useComponents('AppBar').map((one) => (
        <button key={one.id} id={`app-bar-icon-${one.pluginId}`} type="button" aria-label={nameOf(one.name)} title={nameOf(one.name)}
          onClick={() => (inThreads ? one.action?.() : one.action?.(channel, member))}>
          <img src={one.iconUrl} alt="" width="24" height="24" />
        </button>
      ))}
    </aside>
  );
}

function Posts({ posts, isRHS, label }: { posts: Post[]; isRHS?: boolean; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const last = posts[posts.length - 1]?.id;
  useLayoutEffect(() => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [last, posts.length]);
  return (
    <div className="posts" role="log" aria-label={label} tabIndex={0} ref={box}>
      {posts.map((post) => <PostView key={post.id} post={post} isRHS={isRHS} />)}
    </div>
  );
}

function Thread({ rootId }: { rootId: string }) {
  const select = useMemo(makeGetPostsForThread, []);
  const posts = useView((state) => select(state, rootId));
  const root = posts.find((post) => post.id === rootId);
  return (
    <>
      <Posts posts={[...posts].sort((a, b) => a.create_at - b.create_at)} isRHS label="Thread" />
      {root && <Composer channelId={root.channel_id} rootId={rootId} />}
    </>
  );
}

function Channel({ tries }: { tries?: string[] }) {
  const state = useView((whole) => whole);
  const channel = useView(getCurrentChannel);
  const posts = useView(getPostsInCurrentChannel) ?? [];
  if (!channel) return null;
  return (
    <main>
      <div className="top">
        <h2>{titleOf(state, channel)}</h2>
        <div className="purpose"><Markdown source={channel.header || channel.purpose} singleline /></div>
        <HeaderButtons />
      </div>
      <Posts posts={[...posts].reverse()} label="Messages" />
      <Composer key={channel.id} channelId={channel.id} tries={tries} />
    </main>
  );
}

function Threads() {
  const { currentUserId } = useView((state) => state.entities.users);
  const teamId = useView((state) => state.entities.teams.currentTeamId);
  const selected = useView((state) => state.views.threads.selectedThreadIdInTeam[teamId]);
  const [threads, setThreads] = useState<Post[]>([]);
  useEffect(() => {
    attempt(async () => {
      const { threads: list } = await Client4.getUserThreads(currentUserId, teamId, { perPage: 30, extended: true });
      setThreads(list.map(({ post }) => post as Post));
    });
    return () => dispatch({ type: 'SELECT_THREAD', teamId, data: null });
  }, [currentUserId, teamId]);
  const open = (rootId: string) => attempt(async () => {
    await loadThread(rootId);
    dispatch({ type: 'SELECT_THREAD', teamId, data: rootId });
  });
  return (
    <main>
      <div className="top"><h2>Threads</h2></div>
      <div className="threads" role="group" aria-label="Followed threads">
        {threads.map(({ id, message }) => (
          <button key={id} type="button" aria-pressed={id === selected} onClick={() => open(id)}>{message.slice(0, 80) || 'Meeting'}</button>
        ))}
        {!threads.length && <p>You follow no threads.</p>}
      </div>
      {selected && <Thread rootId={selected} />}
    </main>
  );
}

function RightHandSide() {
  const rootId = useView((state) => state.views.rhs.selectedPostId);
  if (!rootId) return null;
  return (
    <section className="rhs" aria-label="Right-hand side">
      <div className="top">
        <h2>Thread</h2>
        <button type="button" className="close" aria-label="Close the thread" onClick={() => dispatch({ type: 'SELECT_POST', data: '' })}>×</button>
      </div>
      <Thread rootId={rootId} />
    </section>
  );
}

export function App({ demo }: { demo: Demo }) {
  const theme = useTheme();
  const { inThreads, problem } = useView((state) => state.views);
  const connected = useView(({ websocket }) => websocket.connected && websocket.connectionId !== '');
  const user = useView(me);
  return (
    <>
      <Top demo={demo} />
      {demo.notice && <p className="notice">{demo.notice}</p>}
      {problem && <p className="notice problem" role="alert">{problem}</p>}
      <div className="middle">
        <div className="side">
          <Sidebar />
          <p className="footer">A small client on a real Mattermost server, with the plugin's own web app in it and a stand-in for Zoom. It is not the Mattermost web app.</p>
        </div>
        {inThreads ? <Threads /> : <Channel tries={demo.users.find(({ username }) => username === user.username)?.try} />}
        <RightHandSide />
        <AppBar />
      </div>
      <p className="connection" role="status">{connected ? '' : 'Connecting to the server…'}</p>
      <Dialogs />
      {useComponents('Global').map(({ id, component: Global }) => Global && <Global key={id} theme={theme} />)}
    </>
  );
}
