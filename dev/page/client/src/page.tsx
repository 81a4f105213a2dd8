// A small client on a real Mattermost server. It signs in, fills the store,
// listens, and runs the web apps of plugins unchanged.

import './globals';
import './page.css';
import { getClientConfig, getLicenseConfig } from 'mattermost-redux/actions/general';
import { getMyPreferences } from 'mattermost-redux/actions/preferences';
import { getMyTeamMembers, getMyTeams, selectTeam } from 'mattermost-redux/actions/teams';
import { getMe } from 'mattermost-redux/actions/users';
import { Client4 } from 'mattermost-redux/client';
import { getTeamByName } from 'mattermost-redux/selectors/entities/teams';
import React from 'react';
import { createRoot } from 'react-dom/client';
import { IntlProvider } from 'react-intl';
import { Provider } from 'react-redux';
import { App, type Demo } from './app';
import { followAddress, loadChannels } from './channels';
import { loadPlugins, translate } from './plugins';
import { connect } from './socket';
import { attempt, dispatch, store, useView } from './store';

function Page({ demo }: { demo: Demo }) {
  const locale = useView(({ entities: { users } }) => users.profiles[users.currentUserId].locale);
  const messages = useView((state) => state.views.i18n.translations[locale]);
  return <IntlProvider locale={locale} messages={messages}><App demo={demo} /></IntlProvider>;
}

// The cookie may be of a server that is no more.
async function signedIn(): Promise<boolean> {
  if (!document.cookie.includes('MMUSERID=')) return false;
  const answer = await fetch(`${Client4.getBaseRoute()}/users/me`);
  return answer.ok;
}

async function fillStore(demo: Demo) {
  const actions = [getClientConfig(), getLicenseConfig(), getMe(), getMyPreferences(), getMyTeams(), getMyTeamMembers()];
  for (const { error } of await Promise.all(actions.map((action) => dispatch(action)))) if (error) throw error;
  const team = getTeamByName(store.getState(), demo.team);
  if (!team) throw new Error('You are in no team here.');
  dispatch(selectTeam(team));
  await loadChannels();
}

async function begin(root: HTMLElement) {
  const { content } = document.querySelector<HTMLMetaElement>('meta[name=demo]')!;
  const demo = await (await fetch(content)).json() as Demo & { channel: string };
  Client4.setUrl(`${location.origin}${window.basename}`);
  if (!await signedIn()) await Client4.login(demo.users[0].username, demo.users[0].password);
  await fillStore(demo);
  if (!location.hash) history.replaceState(null, '', `#${demo.channel}`);
  await followAddress();
  translate();
  createRoot(root).render(<Provider store={store}><Page demo={demo} /></Provider>);
  connect();
  window.addEventListener('hashchange', () => attempt(async () => followAddress()));
  await attempt(loadPlugins);
}

const root = document.getElementById('root')!;
begin(root).catch((error) => {
  root.textContent = `The page cannot start: ${error.message}`;
  throw error;
});
