// What the server tells this tab, into the store and on to the plugins.

import { WebSocketClient } from '@mattermost/client';
import type { Post } from '@mattermost/types/posts';
import { GeneralTypes, IntegrationTypes, PreferenceTypes } from 'mattermost-redux/action_types';
import { postDeleted, receivedNewPost, receivedPost } from 'mattermost-redux/actions/posts';
import { setServerVersion } from 'mattermost-redux/actions/general';
import { Client4 } from 'mattermost-redux/client';
import { isCollapsedThreadsEnabled } from 'mattermost-redux/selectors/entities/preferences';
import { loadChannels, loadPosts, meet } from './channels';
import { addPlugin, loadPlugins, receiveUser, removePlugin, tellPlugins, tellReconnected, type Message } from './plugins';
import { complain, dispatch, store } from './store';

async function newPost(post: Post) {
  const { channels } = store.getState().entities.channels;
  if (!channels[post.channel_id]) await loadChannels();
  await meet([post]);
  dispatch(receivedNewPost(post, isCollapsedThreadsEnabled(store.getState())));
}

const handlers: Record<string, (data: Record<string, any>) => unknown> = {
  hello({ connection_id, server_version }) {
    dispatch({ type: GeneralTypes.SET_CONNECTION_ID, payload: { connectionId: connection_id } });
    dispatch(setServerVersion(server_version));
  },
  posted: ({ post }) => newPost(JSON.parse(post)),
  ephemeral_message: ({ post }) => newPost(JSON.parse(post)),
  post_edited: ({ post }) => dispatch(receivedPost(JSON.parse(post), isCollapsedThreadsEnabled(store.getState()))),
  post_deleted: ({ post }) => dispatch(postDeleted(JSON.parse(post))),
  open_dialog: ({ dialog }) => dispatch({ type: IntegrationTypes.RECEIVED_DIALOG, data: JSON.parse(dialog) }),
  config_changed: ({ config }) => dispatch({ type: GeneralTypes.CLIENT_CONFIG_RECEIVED, data: config }),
  plugin_enabled: ({ manifest }) => (manifest.webapp ? addPlugin(manifest) : undefined),
  plugin_disabled: ({ manifest }) => removePlugin(manifest.id),
  preferences_changed: ({ preferences }) => dispatch({ type: PreferenceTypes.RECEIVED_PREFERENCES, data: JSON.parse(preferences) }),
  user_updated: ({ user }) => receiveUser(user),
  channel_created: loadChannels,
  channel_updated: loadChannels,
  channel_deleted: loadChannels,
  direct_added: loadChannels,
  user_added: loadChannels,
  user_removed: loadChannels,
};

export function connect() {
  const socket = new WebSocketClient();
  // One after the other, in the order in which they came.
  let last = Promise.resolve();
  const then = (work: () => unknown) => {
    last = last.then(async () => { await work(); }).catch(complain);
  };
  const afresh = () => then(async () => {
    await loadChannels();
    await loadPosts(store.getState().entities.channels.currentChannelId);
    await loadPlugins();
    tellReconnected();
  });
  const connected = () => dispatch({ type: GeneralTypes.WEBSOCKET_SUCCESS, timestamp: Date.now() });
  socket.addMessageListener((given) => {
    const message = given as unknown as Message;
    then(() => handlers[message.event]?.(message.data));
    tellPlugins(message);
  });
  socket.addFirstConnectListener(connected);
  socket.addReconnectListener(() => {
    connected();
    afresh();
  });
  // Without such a listener the connection would not be taken up again.
  socket.addMissedMessageListener(afresh);
  socket.addCloseListener(() => dispatch({ type: GeneralTypes.WEBSOCKET_FAILURE, timestamp: Date.now() }));
  socket.initialize(Client4.getWebSocketUrl().replace(/^http/, 'ws'));
}
