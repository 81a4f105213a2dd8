// A meeting's post: started, ended, or one that was there before. Its props
// come from whoever could post, so nothing in them is taken for granted.

import type { Post } from '@mattermost/types/posts';
import React, { type ReactNode } from 'react';
import { useIntl } from 'react-intl';
import { webLink, type PostProps } from './host';
import { JoinLink, Length, Markdown, When } from './parts';
import { StartNew } from './start_new';
import type { Start } from './start';
import { descriptor, text } from './text';

function read(post: Post) {
  const props = (post.props ?? {}) as Record<string, unknown>;
  const string = (name: string) => (typeof props[name] === 'string' ? (props[name] as string) : '');
  const time = (name: string) => {
    const ms = props[name];
    return typeof ms === 'number' && ms > 0 && ms < 8.64e15 ? ms : 0; // what a Date can hold
  };
  return {
    status: string('meeting_status'),
    topic: string('meeting_topic'),
    link: webLink(props.meeting_link),
    id: Number.isSafeInteger(props.meeting_id) ? String(props.meeting_id) : '',
    personal: props.meeting_personal === true,
    provider: string('meeting_provider'),
    creator: string('meeting_creator_username'),
    wantedTopic: string('wanted_topic'),
    start: time('meeting_start_time') || post.create_at,
    end: time('meeting_end_time'),
  };
}

type Meeting = ReturnType<typeof read>;

// Digits in groups as Zoom shows them: 855 5000 1111.
const grouped = (id: string) => id.replace(/^(\d{3})(\d{3,4}?)(\d{3,4})$/, '$1 $2 $3');

function MeetingId({ meeting: { id, personal, link } }: { meeting: Meeting }) {
  if (!id) return null;
  return (
    <div className="zoom-detail">
      {text(personal ? 'zoom.personal_id' : 'zoom.id')}
      {': '}
      {link ? <a href={link} target="_blank" rel="noopener noreferrer">{grouped(id)}</a> : grouped(id)}
    </div>
  );
}

function Started({ meeting }: { meeting: Meeting }) {
  return (
    <>
      <div>{text('zoom.has_started')}</div>
      <MeetingId meeting={meeting} />
      <div className="zoom-actions"><JoinLink url={meeting.link} /></div>
    </>
  );
}

function Ended({ meeting }: { meeting: Meeting }) {
  const { start, end } = meeting;
  const rows: [ReactNode, ReactNode][] = [[text('zoom.started_at'), <When ms={start} />]];
  if (end) rows.push([text('zoom.ended_at'), <When ms={end} />]);
  if (end > start) rows.push([text('zoom.length'), <Length ms={end - start} />]);
  return (
    <>
      <div>{text('zoom.has_ended')}</div>
      <MeetingId meeting={{ ...meeting, link: '' }} />
      <dl className="zoom-times">
        {rows.map(([name, value], i) => <div key={i}><dt>{name}</dt><dd>{value}</dd></div>)}
      </dl>
    </>
  );
}

function Recent({ meeting, post, start }: { meeting: Meeting; post: Post; start: Start }) {
  const { formatMessage } = useIntl();
  const name = meeting.creator ? `@${meeting.creator}` : formatMessage(descriptor('zoom.recent_somebody'));
  const provider = meeting.provider.slice(0, 40) || 'Zoom';
  return (
    <>
      <div>{text('zoom.recent', { name, provider })}</div>
      <div className="zoom-actions">
        <JoinLink url={meeting.link} />
        <StartNew start={start} wish={{ channelId: post.channel_id, rootId: post.root_id, topic: meeting.wantedTopic, force: true }} />
      </div>
    </>
  );
}

function Body({ meeting, post, start }: { meeting: Meeting; post: Post; start: Start }) {
  if (meeting.status === 'ENDED') return <Ended meeting={meeting} />;
  if (meeting.link && meeting.status === 'STARTED') return <Started meeting={meeting} />;
  if (meeting.link && meeting.status === 'RECENTLY_CREATED') return <Recent meeting={meeting} post={post} start={start} />;
  return <Markdown source={post.message} />;
}

export function MeetingPost({ post, compactDisplay, isRHS, start }: PostProps & { start: Start }) {
  const { formatMessage } = useIntl();
  const meeting = read(post);
  const topic = meeting.topic || formatMessage(descriptor('zoom.no_topic'));
  const shape = `${compactDisplay ? ' zoom-compact' : ''}${isRHS ? ' zoom-rhs' : ''}`;
  return (
    <div className={`zoom-card${shape}`} role="group" aria-label={formatMessage(descriptor('zoom.meeting'), { topic })}>
      <div className="zoom-topic"><Markdown source={topic} options={{ singleline: true, mentionHighlight: false }} /></div>
      <Body meeting={meeting} post={post} start={start} />
    </div>
  );
}
