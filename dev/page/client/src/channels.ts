// Channels, posts and threads, from the server into the store.

import type { Channel } from '@mattermost/types/channels';
import type { Post } from '@mattermost/types/posts';
import { fetchChannelsAndMembers, selectChannel } from 'mattermost-redux/actions/channels';
import { getPostThread, receivedPosts, receivedPostsInChannel } from 'mattermost-redux/actions/posts';
import { getMissingProfilesByIds } from 'mattermost-redux/actions/users';
import { Client4 } from 'mattermost-redux/client';
import { dispatch, store, type State } from './store';

// meet makes the authors known.
export const meet = (posts: Post[]) => dispatch(getMissingProfilesByIds([...new Set(posts.map((post) => post.user_id))]));

export const otherEnd = (channel: Channel, me: string) => channel.name.split('__').find((id) => id !== me) ?? me;

export async function loadChannels() {
  const { teams, users } = store.getState().entities;
  const { data } = await dispatch(fetchChannelsAndMembers(teams.currentTeamId));
  const others = (data.channels as Channel[]).filter((c) => c.type === 'D').map((c) => otherEnd(c, users.currentUserId));
  await dispatch(getMissingProfilesByIds(others));
}

export async function loadPosts(channelId: string) {
  const list = await Client4.getPosts(channelId, 0, 60, true, true);
  await meet(Object.values(list.posts));
  dispatch(receivedPosts(list));
  dispatch(receivedPostsInChannel(list, channelId, true, list.prev_post_id === ''));
}

// The channel is shown once it is loaded: before that, new posts are not kept.
export async function enterChannel(channelId: string) {
  await loadPosts(channelId);
  dispatch(selectChannel(channelId));
  dispatch({ type: 'SHOW_THREADS', data: false });
}

export async function loadThread(rootId: string) {
  const { data } = await dispatch(getPostThread(rootId));
  await meet(Object.values(data.posts));
}

export async function openThread(rootId: string) {
  await loadThread(rootId);
  dispatch({ type: 'SELECT_POST', data: rootId });
}

// Where the address says to be; else in the first channel.
export async function followAddress() {
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (wanted === 'threads') return dispatch({ type: 'SHOW_THREADS', data: true });
  const all = channelsOf(store.getState());
  await enterChannel((all.find((channel) => channel.name === wanted) ?? all[0]).id);
}

export function titleOf({ entities: { users } }: State, channel: Channel) {
  return channel.type === 'D' ? users.profiles[otherEnd(channel, users.currentUserId)]?.username ?? '…' : channel.display_name;
}

// The team's, and direct ones after them.
export function channelsOf(state: State): Channel[] {
  const { channels, myMembers } = state.entities.channels;
  const { currentTeamId } = state.entities.teams;
  const shown = (c: Channel) => myMembers[c.id] && !c.delete_at && (!c.team_id || c.team_id === currentTeamId);
  const order = (c: Channel) => `${c.team_id ? 0 : 1} ${titleOf(state, c)}`;
  return Object.values(channels).filter(shown).sort((a, b) => order(a).localeCompare(order(b)));
}
