// A small part of Markdown, as DOM nodes: text from users never becomes markup.

export function element(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name in node && name !== 'role') node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ''));
  return node;
}

// safe returns an absolute http or https address, or null.
export function safe(href) {
  try {
    const address = new URL(href, location.href);
    return /^https?:$/.test(address.protocol) ? address.href : null;
  } catch {
    return null;
  }
}

export function link(href, ...children) {
  const address = safe(href);
  if (!address) return element('span', {}, ...children);
  return element('a', { href: address, target: '_blank', rel: 'noopener noreferrer' }, ...children);
}

// In this order, at the first place where one of them fits.
const spans = [
  [/(`+)(.+?)\1/, (m) => element('code', {}, m[2].trim() || m[2])],
  [/\[([^\]\n]+)\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)/, (m) => link(m[2], inline(m[1]))],
  [/https?:\/\/[^\s<>"'`*]*[^\s<>"'`*.,;:!?)\]]/, (m) => link(m[0], m[0])],
  [/\*\*(\S(?:.*?\S)?)\*\*/, (m) => element('strong', {}, inline(m[1]))],
  [/\*(\S(?:.*?\S)?)\*/, (m) => element('em', {}, inline(m[1]))],
  [/(?<![\w])_(\S(?:.*?\S)?)_(?![\w])/, (m) => element('em', {}, inline(m[1]))],
  [/~~(.+?)~~/, (m) => element('del', {}, inline(m[1]))],
  [/\\([\\`*_~[\]()#.!|>-])/, (m) => m[1]],
  [/(?<!\w)@[a-z0-9][a-z0-9._-]*[a-z0-9]/, (m) => element('span', { className: 'mention' }, m[0])],
];

export function inline(text) {
  let best = null;
  for (const [pattern, make] of spans) {
    const match = pattern.exec(text);
    if (match && (!best || match.index < best.match.index)) best = { match, make };
  }
  if (!best) return text ? [text] : [];
  const end = best.match.index + best.match[0].length;
  return [text.slice(0, best.match.index), best.make(best.match), ...inline(text.slice(end))];
}

const item = /^\s*(?:([-*+])|(\d{1,9})[.)])\s+(.*)$/;
const heading = /^(#{1,6})\s+(.*?)\s*#*$/;
const fence = /^\s*```/;
const rule = /^\s*\|?(?:\s*:?-{3,}:?\s*\|)+\s*(?::?-{3,}:?)?\s*$/; // below a table's head
const special = (line) => !line.trim() || item.test(line) || heading.test(line) || fence.test(line) || /^>/.test(line);

export function markdown(source) {
  const lines = (source || '').replace(/\r\n?/g, '\n').split('\n');
  const blocks = document.createDocumentFragment();
  for (let i = 0; i < lines.length;) {
    const from = i++;
    let match;
    if (!lines[from].trim()) continue;
    if (fence.test(lines[from])) {
      while (i < lines.length && !fence.test(lines[i])) i++;
      blocks.append(element('pre', { tabIndex: 0 }, element('code', {}, lines.slice(from + 1, i).join('\n'))));
      i++;
    } else if ((match = heading.exec(lines[from]))) {
      blocks.append(element('p', { 'className': 'heading', 'role': 'heading', 'aria-level': '3' }, inline(match[2])));
    } else if (/^>/.test(lines[from])) {
      while (i < lines.length && /^>/.test(lines[i])) i++;
      const inner = lines.slice(from, i).map((line) => line.replace(/^> ?/, '')).join('\n');
      blocks.append(element('blockquote', {}, markdown(inner)));
    } else if ((match = item.exec(lines[from]))) {
      const list = element(match[1] ? 'ul' : 'ol', match[1] ? {} : { start: Number(match[2]) });
      for (i = from; (match = item.exec(lines[i] || '')); i++) list.append(element('li', {}, inline(match[3])));
      blocks.append(list);
    } else if (lines[from].includes('|') && rule.test(lines[i] || '')) {
      while (i < lines.length && lines[i].includes('|')) i++;
      const row = (line, cell) => element('tr', {}, line.trim().replace(/^\||\|$/g, '').split('|')
        .map((text) => element(cell, {}, inline(text.trim()))));
      blocks.append(element('table', {}, element('thead', {}, row(lines[from], 'th')),
        element('tbody', {}, lines.slice(from + 2, i).map((line) => row(line, 'td')))));
    } else {
      while (i < lines.length && !special(lines[i])) i++;
      const parts = lines.slice(from, i).flatMap((line, n) => [n ? element('br') : '', ...inline(line)]);
      blocks.append(element('p', {}, parts));
    }
  }
  return blocks;
}
