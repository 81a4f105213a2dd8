// The Mattermost server: its REST API and its WebSocket, both with the cookies
// of whoever is signed in.

const base = (window.publicPath || '/static/').replace(/\/static\/$/, '');

export const url = (path) => `${base}/api/v4${path}`;

export class Refused extends Error {
  constructor(status, message) {
    super(message || `The server answers ${status}.`);
    this.status = status;
  }
}

// call resolves to the answer's JSON and rejects with words for people.
export async function call(method, path, body, signal) {
  const headers = { 'X-Requested-With': 'XMLHttpRequest' };
  const csrf = document.cookie.match(/(?:^|; )MMCSRF=([^;]*)/);
  if (csrf) headers['X-CSRF-Token'] = csrf[1];
  if (body) headers['Content-Type'] = 'application/json';
  let answer, text;
  try {
    answer = await fetch(url(path), { method, headers, signal, body: body && JSON.stringify(body) });
    text = await answer.text();
  } catch (error) {
    throw error.name === 'AbortError' ? error : new Refused(0, 'The server cannot be reached.');
  }
  let data = null;
  try {
    data = JSON.parse(text);
  } catch {
    if (answer.ok) throw new Refused(answer.status, 'The server answers something else than JSON.');
  }
  if (!answer.ok) throw new Refused(answer.status, data?.message);
  return data;
}

// listen hands every event to heard, and says after each change whether there
// is a connection. A lost one is made again for as long as the page lives.
export function listen(heard, connected) {
  let wait = 500;
  const open = () => {
    const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}${url('/websocket')}`);
    socket.onmessage = (message) => {
      const event = JSON.parse(message.data);
      if (event.event === 'hello') {
        wait = 500;
        connected(true);
      }
      if (event.event) heard(event);
    };
    socket.onclose = () => {
      connected(false);
      setTimeout(open, wait);
      wait = Math.min(wait * 2, 8000);
    };
  };
  open();
}
