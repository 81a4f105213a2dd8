// A small message on top of the page, for clicks that belong to no post: our
// part of the host's store.

import type { Action, Store } from './host';
import type { TextId } from './text';

// A text of ours, or one of the server's; perhaps with a meeting to join.
export type Notice = { id: TextId; url?: string } | { text: string };

const CHANGED = 'zoom_notice';

export function reduceNotice(state: Notice | null | undefined, action: Action): Notice | null {
  return action.type === CHANGED ? action.notice ?? null : state ?? null;
}

// Null takes the message away.
export const changeNotice = (notice: Notice | null): Action => ({ type: CHANGED, notice });

export function notify(store: Pick<Store, 'dispatch'>, notice: Notice | null) {
  store.dispatch(changeNotice(notice));
}
