import React from 'react';
import { useIntl } from 'react-intl';
import { useDispatch, useSelector } from 'react-redux';
import type { State } from './host';
import { changeNotice } from './notice';
import { JoinLink, Markdown } from './parts';
import { descriptor, text } from './text';

// Always there, so that screen readers hear what comes and goes in it.
export function NoticeBar() {
  const notice = useSelector((state: State) => state['plugins-zoom']) ?? null;
  const dispatch = useDispatch();
  const { formatMessage } = useIntl();
  const close = () => dispatch(changeNotice(null));
  return (
    <div className="zoom-notices" role="status" aria-live="polite">
      {notice && (
        <div className="zoom-notice">
          <div className="zoom-notice-text">
            {'text' in notice ? <Markdown source={notice.text} /> : text(notice.id)}
            {'url' in notice && notice.url && <JoinLink url={notice.url} onClick={close} />}
          </div>
          <button type="button" className="zoom-close" aria-label={formatMessage(descriptor('zoom.dismiss'))} onClick={close}>
            <span aria-hidden="true">×</span>
          </button>
        </div>
      )}
    </div>
  );
}
