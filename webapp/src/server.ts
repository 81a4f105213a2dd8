// The requests to the server, signed in by cookie as the host's own.

import { basePath, type State } from './host';
import type { TextId } from './text';

const PATIENCE_MS = 30_000; // the plugin itself gives up after 10 s

export type Wish = { channelId: string; rootId?: string; topic?: string; force?: boolean };

// Where the meeting is, or '' when the user has been asked something; or why
// there is none, in the server's words or as the id of a text of ours.
export type Answer = { url: string } | { error: string } | { errorId: TextId };

function headers(): Record<string, string> {
  const csrf = /(?:^|;\s*)MMCSRF=([^;]*)/.exec(document.cookie)?.[1] ?? '';
  return { 'Content-Type': 'application/json', 'X-Requested-With': 'XMLHttpRequest', 'X-CSRF-Token': csrf };
}

export async function createMeeting(state: State, wish: Wish): Promise<Answer> {
  const address = `${basePath(state)}/plugins/zoom/api/v1/meetings${wish.force ? '?force=true' : ''}`;
  const body = {
    channel_id: wish.channelId,
    root_id: wish.rootId ?? '',
    topic: wish.topic ?? '',
    use_pmi: '',
    connection_id: state.websocket?.connectionId ?? '',
  };
  let response;
  try {
    response = await fetch(address, {
      method: 'POST',
      credentials: 'same-origin',
      headers: headers(),
      body: JSON.stringify(body),
      signal: AbortSignal.timeout?.(PATIENCE_MS),
    });
  } catch {
    return { errorId: 'zoom.unreachable' };
  }
  const answer = await response.json().catch(() => null);
  if (response.ok && typeof answer?.meeting_url === 'string') return { url: answer.meeting_url };
  if (typeof answer?.error === 'string' && answer.error) return { error: answer.error };
  return { errorId: 'zoom.refused' };
}

// The channel of a thread, '' where it cannot be found out.
export async function channelOfPost(state: State, postId: string): Promise<string> {
  const known = state.entities.posts.posts[postId];
  if (known) return known.channel_id;
  try {
    const response = await fetch(`${basePath(state)}/api/v4/posts/${encodeURIComponent(postId)}`, { headers: headers() });
    const post = response.ok ? await response.json() : null;
    return typeof post?.channel_id === 'string' ? post.channel_id : '';
  } catch {
    return '';
  }
}
