// The page: who is signed in, channels, posts, the message box, dialogs.

import { Refused, call, listen, url } from './server.js';
import { element, inline, link, markdown, safe } from './markdown.js';

const $ = (id) => document.getElementById(id);
const feed = $('feed'), text = $('text'), problem = $('problem'), suggestions = $('suggestions');

let me, team, channel, channels = [], replyTo = null;
const people = new Map(); // user id -> user
const posts = new Map(); // post id -> post, of the channel shown
const whispers = new Map(); // the same for ephemeral posts of all channels: the server keeps none

const complain = (where) => (error) => {
  if (error.name !== 'AbortError') where.textContent = error.message;
};

// Signed in as

async function signIn(user) {
  await call('POST', '/users/login', { login_id: user.username, password: user.password });
  location.reload();
}

function showUsers(demo) {
  $('users').replaceChildren(...demo.users.map((user) => element('button', {
    'type': 'button', 'aria-pressed': String(user.username === me.username), 'title': `Sign in as ${user.username}: ${user.about}`,
    'onclick': () => signIn(user).catch(complain(problem)),
  }, element('b', {}, user.username), ' ', element('span', {}, user.about))));
  const tries = demo.users.find((user) => user.username === me.username)?.try || [];
  const take = (line) => { text.value = line; resize(); text.focus(); };
  $('try').replaceChildren(...tries.map((line) => element('button', { type: 'button', onclick: () => take(line) }, line)));
  $('notice').textContent = demo.notice;
  $('notice').hidden = !demo.notice;
}

// meet makes the users with these ids known.
async function meet(ids) {
  const unknown = [...new Set(ids)].filter((id) => id && !people.has(id));
  if (unknown.length) for (const user of await call('POST', '/users/ids', unknown)) people.set(user.id, user);
}

const nameOf = (id) => people.get(id)?.username || 'somebody';

// Channels

const otherEnd = (c) => c.name.split('__').find((id) => id !== me.id) || me.id;
const titleOf = (c) => (c.type === 'D' ? nameOf(otherEnd(c)) : c.display_name);

async function loadChannels() {
  channels = (await call('GET', `/users/me/teams/${team.id}/channels`)).filter((c) => !c.delete_at);
  await meet(channels.filter((c) => c.type === 'D').map(otherEnd));
  channels.sort((a, b) => (a.type === 'D') - (b.type === 'D') || titleOf(a).localeCompare(titleOf(b)));
  showChannels();
}

function showChannels() {
  const sign = { O: '#', P: '🔒', D: '@', G: '@' };
  $('channels').replaceChildren(...channels.map((c) => element('a', {
    'href': `#${c.name}`, 'className': c.unread ? 'unread' : '', 'aria-current': c.id === channel?.id ? 'page' : 'false',
  }, element('span', { 'className': 'sign', 'aria-hidden': 'true' }, sign[c.type] || '#'), titleOf(c), c.unread ? element('span', { className: 'dot' }, ' new') : '')));
  if (!channel) return;
  $('title').textContent = titleOf(channel);
  $('purpose').replaceChildren(...inline(channel.header || channel.purpose || ''));
  document.title = `${titleOf(channel)} · Zoom for Mattermost: demo`;
}

async function enterChannel() {
  const wanted = decodeURIComponent(location.hash.slice(1));
  const next = channels.find((c) => c.name === wanted) || channels.find((c) => c.name === 'town-square') || channels[0];
  if (!next) throw new Error('There is no channel.');
  channel = next;
  channel.unread = false;
  reply(null);
  problem.textContent = '';
  showChannels();
  await loadPosts();
  feed.scrollTop = feed.scrollHeight;
}

// Posts

async function loadPosts() {
  const of = channel;
  const list = await call('GET', `/channels/${of.id}/posts?per_page=100`);
  const all = [...Object.values(list.posts), ...[...whispers.values()].filter((post) => post.channel_id === of.id)];
  await meet(all.map((post) => post.user_id));
  if (of !== channel) return; // somebody was faster
  posts.clear();
  feed.replaceChildren();
  all.sort((a, b) => a.create_at - b.create_at || (a.id < b.id ? -1 : 1)).forEach(placePost);
}

// placePost puts a post where it belongs, or draws it again. A reply whose root
// is not shown stands alone.
function placePost(post) {
  posts.set(post.id, post);
  const node = drawPost(post);
  const old = $(`post-${post.id}`);
  if (old) {
    node.append(old.querySelector(':scope > .replies') || '');
    return old.replaceWith(node);
  }
  const root = post.root_id && $(`post-${post.root_id}`);
  if (root) {
    if (!root.querySelector(':scope > .replies')) root.append(element('div', { 'className': 'replies', 'role': 'group', 'aria-label': 'Replies' }));
    return root.querySelector(':scope > .replies').append(node);
  }
  const day = new Date(post.create_at).toLocaleDateString(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
  if (![...feed.querySelectorAll('.day')].some((line) => line.textContent === day)) feed.append(element('div', { className: 'day' }, element('span', {}, day)));
  feed.append(node);
}

function drawPost(post) {
  const at = new Date(post.create_at);
  const time = element('time', { dateTime: at.toISOString(), title: at.toLocaleString() },
    at.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' }));
  const whisper = post.type === 'system_ephemeral' || whispers.has(post.id);
  if (post.type?.startsWith('system_') && !whisper) {
    return element('article', { id: `post-${post.id}`, className: 'post system' }, element('p', {}, inline(post.message), ' ', time));
  }
  const author = people.get(post.user_id);
  const rooted = post.root_id || post.id;
  return element('article', { 'id': `post-${post.id}`, 'className': `post${whisper ? ' whisper' : ''}`, 'aria-label': `${nameOf(post.user_id)}, ${time.textContent}` },
    element('img', { className: 'face', alt: '', src: url(`/users/${post.user_id}/image?_=${author?.last_picture_update || 0}`) }),
    element('div', { className: 'body' },
      element('p', { className: 'by' }, element('b', {}, post.props?.override_username || nameOf(post.user_id)),
        author?.is_bot ? element('span', { className: 'bot' }, 'BOT') : '', time,
        post.edit_at ? element('span', { className: 'aside' }, '(edited)') : '',
        whisper ? element('span', { className: 'aside' }, 'Only visible to you') : ''),
      markdown(post.message),
      (post.props?.attachments || []).map((attachment) => drawAttachment(post, attachment)),
      (post.metadata?.files || []).map((file) => element('p', { className: 'file' }, link(url(`/files/${file.id}`), file.name))),
      whisper ? '' : element('button', { 'type': 'button', 'className': 'reply', 'aria-label': `Reply to ${nameOf(post.user_id)}`, 'onclick': () => reply(rooted) }, 'Reply')));
}

const barColors = { good: '#3db887', warning: '#f5ab00', danger: '#d24b4e' };

function drawAttachment(post, a) {
  const color = barColors[a.color] || (/^#[0-9a-f]{3,8}$/i.test(a.color) ? a.color : '');
  const outcome = element('p', { className: 'problem', role: 'alert' });
  const title = a.title && (a.title_link ? link(a.title_link, ...inline(a.title)) : inline(a.title));
  const card = element('div', { className: 'card', style: color ? `--bar: ${color}` : '' },
    title ? element('p', { className: 'card-title' }, title) : '', markdown(a.text || (a.title ? '' : a.fallback)),
    a.fields?.length ? element('dl', {}, a.fields.map((f) => element('div', { className: f.short ? 'short' : '' },
      element('dt', {}, inline(f.title || '')), element('dd', {}, markdown(String(f.value ?? '')))))) : '');
  const buttons = (a.actions || []).map((action) => drawAction(post, action, outcome));
  // Meetings have their link in a property, for clients that draw them anew.
  const meeting = post.type === 'custom_zoom' && post.props.meeting_status !== 'ENDED' && safe(post.props.meeting_link);
  if (meeting && ![...card.querySelectorAll('a')].some((there) => there.href === meeting)) {
    const join = link(meeting, 'Join meeting');
    join.className = 'button primary';
    buttons.unshift(join);
  }
  if (buttons.length) card.append(element('div', { className: 'actions' }, buttons), outcome);
  if (a.footer) card.append(element('p', { className: 'aside' }, a.footer));
  return [a.pretext ? markdown(a.pretext) : '', card];
}

function drawAction(post, action, outcome) {
  const press = async (control, chosen) => {
    control.disabled = true;
    outcome.textContent = '';
    const body = { selected_option: chosen, cookie: action.cookie };
    await call('POST', `/posts/${post.id}/actions/${action.id}`, body).catch(complain(outcome));
    control.disabled = Boolean(action.disabled);
    if (control.isConnected) control.focus();
  };
  if (action.type === 'select') {
    return element('select', { 'aria-label': action.name, 'onchange': (event) => press(event.target, event.target.value) },
      element('option', { value: '', disabled: true, selected: !action.default_option }, action.name),
      (action.options || []).map((o) => element('option', { value: o.value, selected: o.value === action.default_option }, o.text)));
  }
  const look = /^(primary|good|success|danger)$/.test(action.style) ? ` ${action.style}` : '';
  return element('button', { type: 'button', className: `button${look}`, disabled: Boolean(action.disabled), onclick: (event) => press(event.target) }, action.name);
}

// What the server tells

async function heard({ event, data }) {
  if (event === 'posted' || event === 'ephemeral_message' || event === 'post_edited' || event === 'post_deleted') {
    const post = JSON.parse(data.post);
    const known = posts.get(post.id) || whispers.get(post.id);
    if (event === 'ephemeral_message' || whispers.has(post.id)) {
      post.create_at ||= known?.create_at || Date.now();
      whispers.set(post.id, post);
    }
    if (event === 'post_deleted') {
      whispers.delete(post.id);
      posts.delete(post.id);
      $(`post-${post.id}`)?.remove();
    } else if ((post.channel_id || known?.channel_id) === channel.id) {
      await meet([post.user_id]);
      const atEnd = feed.scrollHeight - feed.scrollTop - feed.clientHeight < 80 || post.user_id === me.id;
      placePost({ ...known, ...post });
      if (atEnd) feed.scrollTop = feed.scrollHeight;
    } else {
      if (!channels.some((c) => c.id === post.channel_id)) await loadChannels();
      for (const c of channels) c.unread ||= c.id === post.channel_id && event !== 'post_edited';
      showChannels();
    }
  } else if (event === 'open_dialog') {
    openDialog(JSON.parse(data.dialog));
  } else if (/^(channel_(created|updated|deleted)|user_added|user_removed|direct_added|added_to_team)$/.test(event)) {
    await loadChannels();
  }
}

// The message box

function reply(root) {
  replyTo = root;
  $('replying').hidden = !root;
  if (!root) return;
  $('replying').firstElementChild.textContent = `Replying to ${nameOf(posts.get(root)?.user_id)}`;
  text.focus();
}

function resize() {
  text.style.height = 'auto';
  text.style.height = `${text.scrollHeight + 2}px`;
}

async function send() {
  const message = text.value.trim();
  if (!message) return;
  problem.textContent = '';
  suggest([]);
  const to = { channel_id: channel.id, root_id: replyTo || '' };
  text.value = '';
  resize();
  try {
    if (!message.startsWith('/')) await call('POST', '/posts', { ...to, message });
    else follow(await call('POST', '/commands/execute', { ...to, team_id: team.id, command: message }));
    reply(null);
  } catch (error) {
    if (!text.value) text.value = message;
    resize();
    throw error;
  }
}

// A command may send its user somewhere. What it says comes as a post.
function follow({ goto_location: to }) {
  if (!to || !safe(to)) return;
  const other = window.open(safe(to), '_blank');
  if (other) other.opener = null;
  else problem.replaceChildren('The browser blocked a new window: ', link(to, 'open it'));
}

let asking, chosen = -1;

function suggest(list) {
  chosen = -1;
  suggestions.hidden = !list.length;
  text.removeAttribute('aria-activedescendant');
  suggestions.replaceChildren(...list.map((s, i) => element('li', {
    'id': `suggestion-${i}`, 'role': 'option', 'aria-selected': 'false',
    'onmousedown': (event) => { event.preventDefault(); choose(i); complete(); },
    'data-complete': `/${s.Complete} `,
  }, element('b', {}, `/${s.Complete}`), ' ', element('i', {}, s.Hint), element('span', {}, s.Description))));
}

function choose(i) {
  suggestions.children[chosen]?.setAttribute('aria-selected', 'false');
  chosen = (i + suggestions.children.length) % suggestions.children.length;
  const option = suggestions.children[chosen];
  option.setAttribute('aria-selected', 'true');
  option.scrollIntoView({ block: 'nearest' });
  text.setAttribute('aria-activedescendant', option.id);
}

function complete() {
  text.value = suggestions.children[Math.max(chosen, 0)].dataset.complete;
  askSuggestions().catch(complain(problem));
}

async function askSuggestions() {
  resize();
  asking?.abort();
  const input = text.value;
  if (!input.startsWith('/') || input.includes('\n')) return suggest([]);
  asking = new AbortController();
  const query = new URLSearchParams({ user_input: input, channel_id: channel.id });
  if (replyTo) query.set('root_id', replyTo);
  suggest(await call('GET', `/teams/${team.id}/commands/autocomplete_suggestions?${query}`, null, asking.signal) || []);
}

text.addEventListener('keydown', (event) => {
  const open = !suggestions.hidden;
  if (event.isComposing) return;
  if (open && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) choose(event.key === 'ArrowDown' ? chosen + 1 : chosen < 0 ? -1 : chosen - 1);
  else if (open && ((event.key === 'Tab' && !event.shiftKey) || (event.key === 'Enter' && chosen >= 0))) complete();
  else if (open && event.key === 'Escape') suggest([]);
  else if (event.key === 'Enter' && !event.shiftKey) send().catch(complain(problem));
  else return;
  event.preventDefault();
});
text.addEventListener('input', () => askSuggestions().catch(complain(problem)));
text.addEventListener('blur', () => suggest([]));
$('composer').addEventListener('submit', (event) => { event.preventDefault(); send().catch(complain(problem)); });
$('replying').querySelector('button').addEventListener('click', () => reply(null));

// Dialogs of plugins

function openDialog({ url: to, dialog }) {
  const box = $('dialog'), failed = element('p', { className: 'problem', role: 'alert' });
  const fields = (dialog.elements || []).map((e) => {
    const shared = { name: e.name, required: !e.optional, placeholder: e.placeholder || '' };
    const options = e.options || [];
    let input;
    if (e.type === 'textarea') input = element('textarea', { ...shared, value: e.default || '' });
    else if (e.type === 'bool') input = element('input', { name: e.name, type: 'checkbox', checked: e.default === 'true' });
    else if (e.type === 'select') input = element('select', shared, e.optional ? element('option', { value: '' }) : '', options.map((o) => element('option', { value: o.value, selected: o.value === e.default }, o.text)));
    else if (e.type === 'radio') input = element('span', {}, options.map((o) => element('label', {}, element('input', { type: 'radio', name: e.name, value: o.value, checked: o.value === e.default }), o.text)));
    else input = element('input', { ...shared, type: e.subtype || 'text', value: e.default || '' });
    return element(e.type === 'radio' ? 'div' : 'label', { className: 'field' }, element('b', {}, e.display_name), input, e.help_text ? element('small', {}, e.help_text) : '', element('small', { className: 'problem', id: `field-${e.name}` }));
  });
  const answer = async (cancelled, form) => {
    const submission = {};
    for (const e of dialog.elements || []) submission[e.name] = e.type === 'bool' ? form.elements[e.name].checked : form.elements[e.name].value;
    return call('POST', '/actions/dialogs/submit', { url: to, callback_id: dialog.callback_id, state: dialog.state, channel_id: channel.id, team_id: team.id, submission: cancelled ? {} : submission, cancelled });
  };
  const submit = async (event) => {
    event.preventDefault();
    failed.textContent = '';
    for (const e of dialog.elements || []) $(`field-${e.name}`).textContent = '';
    const { error, errors } = await answer(false, event.target);
    for (const [name, words] of Object.entries(errors || {})) if ($(`field-${name}`)) $(`field-${name}`).textContent = words;
    failed.textContent = error || '';
    if (!error && !errors) box.close('sent');
  };
  box.onclose = () => { if (box.returnValue !== 'sent' && dialog.notify_on_cancel) answer(true, box.firstElementChild).catch(complain(problem)); };
  box.returnValue = '';
  box.replaceChildren(element('form', { onsubmit: (event) => submit(event).catch(complain(failed)) },
    element('h2', { id: 'dialog-title' }, dialog.title), markdown(dialog.introduction_text), fields, failed,
    element('div', { className: 'actions' }, element('button', { type: 'button', className: 'button', onclick: () => box.close() }, 'Cancel'), element('button', { className: 'button primary' }, dialog.submit_label || 'Submit'))));
  if (!box.open) box.showModal();
}

// Start

async function begin() {
  const demo = await (await fetch(document.querySelector('meta[name=demo]').content)).json();
  me = await call('GET', '/users/me').catch((error) => {
    if (error instanceof Refused && error.status === 401) return null;
    throw error;
  });
  if (!me) return signIn(demo.users[0]);
  people.set(me.id, me);
  showUsers(demo);
  team = await call('GET', `/teams/name/${demo.team}`);
  await loadChannels();
  if (!location.hash) history.replaceState(null, '', `#${demo.channel}`);
  await enterChannel();
  window.addEventListener('hashchange', () => enterChannel().catch(complain(problem)));
  // One event after the other, in the order in which they came.
  let last = Promise.resolve(), lost = false;
  listen((event) => { last = last.then(() => heard(event)).catch(complain(problem)); }, (connected) => {
    $('connection').textContent = connected ? '' : 'Connection lost; trying again.';
    if (connected && lost) last = last.then(loadPosts).catch(complain(problem));
    else if (!connected) call('GET', '/users/me').catch((error) => { if (error.status === 401) location.reload(); });
    lost = !connected;
  });
  // Another tab may have signed in somebody else.
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && !document.cookie.includes(`MMUSERID=${me.id}`)) location.reload();
  });
  text.focus();
}

begin().catch(complain(problem));
