// The button for another meeting, and under it how that went.

import React, { useEffect, useRef, useState } from 'react';
import { JoinLink, Markdown } from './parts';
import type { Answer, Wish } from './server';
import type { Start } from './start';
import { text } from './text';

type Stage = 'idle' | 'busy' | Answer;

function Outcome({ stage }: { stage: Stage }) {
  if (stage === 'idle') return null;
  if (stage === 'busy') return text('zoom.starting');
  if ('error' in stage) return <Markdown source={stage.error} />;
  if ('errorId' in stage) return text(stage.errorId);
  if (!stage.url) return null; // the server has asked something
  return <>{text('zoom.is_ready')} <JoinLink url={stage.url} /></>;
}

export function StartNew({ start, wish }: { start: Start; wish: Wish }) {
  const [stage, setStage] = useState<Stage>('idle');
  const mounted = useRef(true);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);
  const done = typeof stage === 'object' && 'url' in stage;
  const press = async () => {
    if (stage === 'busy' || done) return;
    setStage('busy');
    const answer = await start(wish);
    if (mounted.current) setStage(answer ?? 'idle');
  };
  return (
    <>
      <button type="button" className="zoom-button zoom-quiet" aria-disabled={stage === 'busy' || done} onClick={press}>
        {text('zoom.start_new')}
      </button>
      <div className="zoom-outcome" role="status" aria-live="polite"><Outcome stage={stage} /></div>
    </>
  );
}
