// A post: drawn by a plugin where one has registered its type, else its message,
// attachments and their buttons, and files.

import type { Post } from '@mattermost/types/posts';
import { IntegrationTypes } from 'mattermost-redux/action_types';
import { Client4 } from 'mattermost-redux/client';
import { get, getTheme } from 'mattermost-redux/selectors/entities/preferences';
import React, { useState } from 'react';
import { useIntl } from 'react-intl';
import { openThread } from './channels';
import { Markdown, webLink } from './markdown';
import { attempt, dispatch, reasonOf, useView } from './store';

type Action = { id: string; type?: string; name: string; style?: string; disabled?: boolean; cookie?: string; options?: { text: string; value: string }[] };
type Attachment = {
  color?: string;
  pretext?: string;
  title?: string;
  title_link?: string;
  text?: string;
  fallback?: string;
  footer?: string;
  fields?: { title: string; value: unknown; short?: boolean }[] | null;
  actions?: Action[];
};

export async function pressAction(post: Post, action: Action, option = '') {
  const { trigger_id } = await Client4.doPostActionWithCookie(post.id, action.id, action.cookie ?? '', option);
  dispatch({ type: IntegrationTypes.RECEIVED_DIALOG_TRIGGER_ID, data: trigger_id });
  dispatch({ type: IntegrationTypes.RECEIVED_DIALOG_ARGUMENTS, data: { channel_id: post.channel_id } });
}

function Actions({ post, actions }: { post: Post; actions: Action[] }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const press = async (action: Action, option?: string) => {
    setBusy(true);
    setProblem('');
    await pressAction(post, action, option).catch((error) => setProblem(reasonOf(error)));
    setBusy(false);
  };
  return (
    <div className="actions">
      {actions.map((action) => (action.type === 'select' ? (
        <select key={action.id} aria-label={action.name} defaultValue="" disabled={busy} onChange={(event) => press(action, event.target.value)}>
          <option value="" disabled>{action.name}</option>
          {action.options?.map((o) => <option key={o.value} value={o.value}>{o.text}</option>)}
        </select>
      ) : (
        <button key={action.id} type="button" className={`button ${action.style ?? ''}`} aria-disabled={busy || action.disabled}
          onClick={() => (busy || action.disabled ? undefined : press(action))}>
          {action.name}
        </button>
      )))}
      {problem && <p className="problem" role="alert">{problem}</p>}
    </div>
  );
}

const colors: Record<string, string> = { good: '#3db887', warning: '#f5ab00', danger: '#d24b4e' };

function AttachmentView({ post, of: a }: { post: Post; of: Attachment }) {
  const to = a.title_link ? webLink(a.title_link) : '';
  const title = <Markdown source={a.title} singleline />;
  return (
    <>
      <Markdown source={a.pretext} />
      <div className="attachment" style={{ borderLeftColor: a.color ? colors[a.color] ?? a.color : undefined }}>
        {a.title && <div className="attachment-title">{to ? <a href={to} target="_blank" rel="noopener noreferrer">{title}</a> : title}</div>}
        <Markdown source={a.text || (a.title ? '' : a.fallback)} />
        {Boolean(a.fields?.length) && (
          <dl>{a.fields!.map((f, i) => <div key={i} className={f.short ? 'short' : ''}><dt>{f.title}</dt><dd><Markdown source={String(f.value ?? '')} /></dd></div>)}</dl>
        )}
        {Boolean(a.actions?.length) && <Actions post={post} actions={a.actions!} />}
        {a.footer && <p className="aside">{a.footer}</p>}
      </div>
    </>
  );
}

function Body({ post, compact, isRHS }: { post: Post; compact: boolean; isRHS: boolean }) {
  const theme = useView(getTheme);
  const type = typeof post.props?.type === 'string' ? post.props.type : post.type;
  const Drawn = useView((state) => state.plugins.postTypes[type]?.component);
  if ((post.state as string) === 'DELETED') return <p className="aside">(message deleted)</p>;
  if (Drawn) return <Drawn post={post} compactDisplay={compact} isRHS={isRHS} theme={theme} />;
  return (
    <>
      <Markdown source={post.message} />
      {((post.props?.attachments ?? []) as Attachment[]).map((a, i) => <AttachmentView key={i} post={post} of={a} />)}
    </>
  );
}

function Files({ post }: { post: Post }) {
  const files = useView((state) => state.entities.files.files);
  return (
    <>
      {post.file_ids?.map((id) => files[id] && (
        <p key={id} className="file"><a href={Client4.getFileUrl(id, 0)} target="_blank" rel="noopener noreferrer">{files[id].name}</a></p>
      ))}
    </>
  );
}

// Replies made at the same moment count one another in no certain way.
function useReplies(post: Post) {
  return useView(({ entities: { posts } }) => Math.max(post.reply_count, posts.postsInThread[post.id]?.length ?? 0));
}

function Foot({ post, isRHS }: { post: Post; isRHS: boolean }) {
  const replies = useReplies(post);
  if (isRHS || post.type === 'system_ephemeral') return null;
  const root = post.root_id || post.id;
  const open = () => attempt(() => openThread(root));
  if (!replies) return <button type="button" className="reply" onClick={open}>Reply</button>;
  return <button type="button" className="replies" onClick={open}>{replies === 1 ? '1 reply' : `${replies} replies`}</button>;
}

export function useMilitary() {
  return useView((state) => get(state, 'display_settings', 'use_military_time') === 'true');
}

export function PostView({ post, isRHS = false }: { post: Post; isRHS?: boolean }) {
  const author = useView((state) => state.entities.users.profiles[post.user_id]);
  const compact = useView((state) => get(state, 'display_settings', 'message_display') === 'compact');
  const military = useMilitary();
  const { formatDate } = useIntl();
  const name = String(post.props?.override_username ?? author?.username ?? 'Someone'); // guests may not see everybody
  const at = formatDate(post.create_at, { hour: 'numeric', minute: '2-digit', hourCycle: military ? 'h23' : 'h12' });
  const whisper = post.type === 'system_ephemeral';
  const shape = `post${compact ? ' compact' : ''}${whisper ? ' whisper' : ''}${post.type.startsWith('system_') && !whisper ? ' system' : ''}`;
  return (
    <article id={`${isRHS ? 'rhs' : 'post'}_${post.id}`} className={shape} aria-label={`${name}, ${at}`}>
      {author ? <img className="face" alt="" src={Client4.getProfilePictureUrl(author.id, author.last_picture_update ?? 0)} /> : <span className="face" />}
      <div className="body">
        <p className="by">
          <b>{name}</b>
          {author?.is_bot && <span className="bot">BOT</span>}
          <time dateTime={new Date(post.create_at).toISOString()}>{at}</time>
          {whisper && <span className="aside">(Only visible to you)</span>}
        </p>
        <Body post={post} compact={compact} isRHS={isRHS} />
        <Files post={post} />
        <Foot post={post} isRHS={isRHS} />
      </div>
    </article>
  );
}
