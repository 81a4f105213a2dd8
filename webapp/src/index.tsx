// What the plugin adds to the host: buttons, cards, and the way to the meeting.

import React from 'react';
import { useIntl } from 'react-intl';
import { FilePost } from './file_post';
import { basePath, PLUGIN_ID, type PostProps, type Registry, type Store } from './host';
import { MeetingPost } from './meeting_post';
import { reduceNotice } from './notice';
import { NoticeBar } from './notice_bar';
import { guarded, Icon } from './parts';
import { newStarter } from './start';
import { addStyle, removeStyle } from './style';
import { descriptor, text, translationsFor } from './text';

// The host listens around it for clicks, and for touches besides.
function CallButton() {
  const name = useIntl().formatMessage(descriptor('zoom.start'));
  return <button type="button" className="zoom-call" aria-label={name} title={name}><Icon /></button>;
}

const plugin = {
  initialize(registry: Registry, store: Store) {
    const { start, startInView, onMeetingStarted } = newStarter(store);
    const name = text('zoom.start');
    const entry = <span className="zoom-entry"><Icon />{name}</span>;
    const icon = `${basePath(store.getState())}/plugins/${PLUGIN_ID}/public/app-bar-icon.png`;
    addStyle();
    registry.registerTranslations(translationsFor);
    registry.registerReducer(reduceNotice);
    registry.registerGlobalComponent(NoticeBar);
    registry.registerChannelHeaderButtonAction(<Icon />, startInView, name, name);
    registry.registerCallButtonAction?.(<CallButton />, entry, startInView);
    registry.registerAppBarComponent?.(icon, startInView, name);
    registry.registerPostTypeComponent('custom_zoom', guarded((props: PostProps) => <MeetingPost {...props} start={start} />));
    registry.registerPostTypeComponent('custom_zoom_transcript', guarded(FilePost));
    registry.registerPostTypeComponent('custom_zoom_chat', guarded(FilePost));
    registry.registerWebSocketEventHandler(`custom_${PLUGIN_ID}_meeting_started`, onMeetingStarted);
  },
  // The host calls it twice in a row where the plugin is loaded anew.
  uninitialize: removeStyle,
};

window.registerPlugin(PLUGIN_ID, plugin);
