// A transcript or a chat. The host shows the file itself; the Agents plugin,
// where it is, can be asked to summarize it.

import React, { useState } from 'react';
import { useSelector } from 'react-redux';
import type { PostProps, State } from './host';
import { Markdown } from './parts';
import { text } from './text';

function useSummarize() {
  return useSelector((state: State) =>
    state.plugins?.plugins?.['mattermost-ai'] ? state['plugins-mattermost-ai']?.callsPostButtonClickedTranscription : undefined,
  );
}

export function FilePost({ post, compactDisplay }: PostProps) {
  const summarize = useSummarize();
  const [failed, setFailed] = useState(false);
  const press = async () => {
    setFailed(false);
    try {
      await summarize?.(post);
    } catch {
      setFailed(true);
    }
  };
  return (
    <div className={compactDisplay ? 'zoom-compact' : undefined}>
      <Markdown source={post.message} />
      {typeof summarize === 'function' && (
        <div className="zoom-actions">
          <button type="button" className="zoom-button zoom-quiet" onClick={press}>{text('zoom.summarize')}</button>
          <div className="zoom-outcome" role="status" aria-live="polite">{failed && text('zoom.no_summary')}</div>
        </div>
      )}
    </div>
  );
}
