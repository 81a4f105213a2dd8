// From a click to the meeting: one request, one tab.
//
// The server tells the link twice, in its answer and in a WebSocket event to
// the tab that asked; whichever comes first opens the meeting. The event alone
// comes after a command or a message's button: then it reaches all tabs of the
// user, and the one that the user is in opens the meeting.

import { webLink, type SocketMessage, type Store } from './host';
import { notify } from './notice';
import { channelOfPost, createMeeting, type Answer, type Wish } from './server';

const AGAIN_MS = 1_000; // a touch may arrive as a second click
const LATE_MS = 10_000; // by when an event is one of an answer that was faster

export type Start = (wish: Wish) => Promise<Answer | undefined>;

// The desktop app hands links to the browser, and answers as if it refused.
const isDesktopApp = () => /Mattermost.*Electron|Electron.*Mattermost/.test(navigator.userAgent);

// Opens a tab that knows nothing of ours; false when the browser refuses. With
// "noopener" it would not say so.
function openTab(url: string): boolean {
  const tab = window.open(url, '_blank');
  if (tab) tab.opener = null;
  return tab !== null || isDesktopApp();
}

// Whether the user is in this tab, and has just done something.
const isHere = () => document.hasFocus() && (navigator.userActivation?.isActive ?? true);

export function newStarter(store: Store) {
  const quietUntil = new Map<string, number>();
  const opened = new Set<string>(); // by events, while requests are under way
  let underWay = 0;
  let late = { url: '', until: 0 };

  function enter(url: string) {
    notify(store, openTab(url) ? null : { id: 'zoom.blocked', url });
  }

  async function ask(wish: Wish): Promise<Answer> {
    underWay++;
    const answer = await createMeeting(store.getState(), wish);
    underWay--;
    if (!('url' in answer) || !answer.url) return answer;
    const url = webLink(answer.url);
    if (!url) return { errorId: 'zoom.refused' };
    if (!opened.has(url)) {
      late = { url, until: Date.now() + LATE_MS };
      enter(url);
    }
    if (underWay === 0) opened.clear();
    return { url };
  }

  // One for each button.
  const keyOf = (wish: Wish) => `${wish.channelId} ${wish.rootId ?? ''} ${wish.force ?? false}`;
  const isQuiet = (wish: Wish) => Date.now() < (quietUntil.get(keyOf(wish)) ?? 0);

  // Nothing is returned for a click that another one has forestalled.
  const start: Start = async (wish) => {
    if (isQuiet(wish)) return undefined;
    const pressed = Date.now();
    quietUntil.set(keyOf(wish), Infinity);
    try {
      return await ask(wish);
    } finally {
      quietUntil.set(keyOf(wish), pressed + AGAIN_MS);
    }
  };

  // A click on a button outside of posts: how it goes is told in a notice.
  async function startAndTell(wish: Wish) {
    if (isQuiet(wish)) return;
    notify(store, { id: 'zoom.starting' });
    const answer = await start(wish);
    if (!answer) return;
    if ('error' in answer) notify(store, { text: answer.error });
    else if ('errorId' in answer) notify(store, { id: answer.errorId });
    else if (!answer.url) notify(store, null);
  }

  // In the threads view the host names no channel: it is that of the thread.
  async function startInView(channel?: { id: string }) {
    if (channel?.id) return startAndTell({ channelId: channel.id });
    const state = store.getState();
    const rootId = state.views?.threads?.selectedThreadIdInTeam?.[state.entities.teams.currentTeamId];
    const channelId = rootId ? await channelOfPost(state, rootId) : '';
    if (!rootId || !channelId) return notify(store, { id: 'zoom.no_thread' });
    return startAndTell({ channelId, rootId });
  }

  function onMeetingStarted(message: SocketMessage) {
    const url = webLink(message.data?.meeting_url);
    if (!url) return;
    if (url === late.url && Date.now() < late.until) {
      late = { url: '', until: 0 };
      return;
    }
    const to = message.broadcast?.connection_id;
    if (to && to !== store.getState().websocket?.connectionId) return;
    if (!to && !underWay && !isHere()) return;
    if (underWay) opened.add(url);
    enter(url);
  }

  return { start, startInView, onMeetingStarted };
}
