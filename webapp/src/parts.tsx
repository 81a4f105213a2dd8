// Small things that the cards and the notice are made of.

import React, { type ReactNode } from 'react';
import { useIntl } from 'react-intl';
import { useSelector } from 'react-redux';
import type { PostProps, State } from './host';
import { text } from './text';

// Drawn by the host; plain where the host cannot.
export function Markdown({ source, options }: { source: string; options?: object }) {
  const host = window.PostUtils;
  return <>{host ? host.messageHtmlToComponent(host.formatText(source, options)) : source}</>;
}

// The url has been through webLink.
export function JoinLink({ url, onClick }: { url: string; onClick?: () => void }) {
  return (
    <a className="zoom-button" href={url} target="_blank" rel="noopener noreferrer" onClick={onClick}>
      {text('zoom.join')}
    </a>
  );
}

// Ours, not Zoom's logo: a camera in the colour of the text around it.
export function Icon() {
  return (
    <svg width="18" height="18" viewBox="0 0 24 24" fill="currentColor" aria-hidden="true" focusable="false">
      <rect x="2" y="5" width="13" height="14" rx="3" />
      <path d="M17 10.2 21.2 7a.5.5 0 0 1 .8.4v9.2a.5.5 0 0 1-.8.4L17 13.800z" />
    </svg>
  );
}

// A moment as the user has the host show them: time zone and clock.
export function When({ ms }: { ms: number }) {
  const timeZone = useSelector(({ entities: { users } }: State) => {
    const zone = users.profiles[users.currentUserId]?.timezone;
    return String(zone?.useAutomaticTimezone) === 'true' ? zone?.automaticTimezone : zone?.manualTimezone;
  });
  const military = useSelector(
    (state: State) => state.entities.preferences.myPreferences['display_settings--use_military_time']?.value === 'true',
  );
  const { formatDate } = useIntl();
  const shown = formatDate(ms, {
    month: 'short',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    hourCycle: military ? 'h23' : 'h12',
    timeZone: timeZone || undefined,
  });
  return <time dateTime={new Date(ms).toISOString()}>{shown}</time>;
}

// Minutes begun count, as in the plain form that other clients show.
export function Length({ ms }: { ms: number }) {
  const minutes = Math.ceil(ms / 60_000);
  if (minutes < 60) return text('zoom.length_minutes', { minutes });
  return text('zoom.length_hours', { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}

// The host would lose the whole page over a post that cannot be drawn.
export class Fallback extends React.Component<{ source: string; children: ReactNode }, { failed: boolean }> {
  state = { failed: false };
  static getDerivedStateFromError = () => ({ failed: true });
  render() {
    return this.state.failed ? <span>{this.props.source}</span> : this.props.children;
  }
}

export const guarded = (Inner: React.ComponentType<PostProps>) =>
  function Guarded(props: PostProps) {
    return (
      <Fallback source={props.post.message}>
        <Inner {...props} />
      </Fallback>
    );
  };
