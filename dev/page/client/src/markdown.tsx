// Markdown as plugins ask the host for it: text to HTML, HTML to an element.
// What users write never becomes markup of its own.

import { Marked, type Tokens } from 'marked';
import React from 'react';

const escape = (text: string) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

export function webLink(href: string): string {
  try {
    const { protocol, href: whole } = new URL(href, location.href);
    return /^https?:$/.test(protocol) ? whole : '';
  } catch {
    return '';
  }
}

const mention = {
  name: 'mention',
  level: 'inline' as const,
  start: (text: string) => /(?<![\w@])@[a-z0-9]/.exec(text)?.index,
  tokenizer(text: string) {
    const found = /^@[a-z0-9][a-z0-9._-]*[a-z0-9]/.exec(text);
    return found ? { type: 'mention', raw: found[0] } : undefined;
  },
  renderer: ({ raw }: Tokens.Generic) => `<span class="mention">${escape(raw)}</span>`,
};

// Those that the plugin uses, with characters that every font has.
const emoji: Record<string, string> = { white_check_mark: '✔', x: '✘', information_source: 'ℹ', black_square_button: '☐' };

const picture = {
  name: 'emoji',
  level: 'inline' as const,
  start: (text: string) => /:[a-z_]+:/.exec(text)?.index,
  tokenizer(text: string) {
    const found = /^:([a-z_]+):/.exec(text);
    return found && emoji[found[1]] ? { type: 'emoji', raw: found[0] } : undefined;
  },
  renderer: ({ raw }: Tokens.Generic) => emoji[raw.slice(1, -1)],
};

const marked = new Marked({
  gfm: true,
  breaks: true,
  extensions: [mention, picture],
  renderer: {
    html: ({ text }) => escape(text),
    image: ({ text, href }) => escape(text || href),
    link({ href, tokens }) {
      const to = webLink(href);
      const inner = this.parser.parseInline(tokens);
      return to ? `<a href="${escape(to)}" target="_blank" rel="noopener noreferrer">${inner}</a>` : inner;
    },
    heading({ tokens, depth }) {
      return `<p class="heading" role="heading" aria-level="${Math.max(depth, 3)}">${this.parser.parseInline(tokens)}</p>`;
    },
  },
});

export function formatText(text: string, options: { singleline?: boolean } = {}): string {
  return (options.singleline ? marked.parseInline(text) : marked.parse(text)) as string;
}

export const messageHtmlToComponent = (html: string) => <div className="markdown" dangerouslySetInnerHTML={{ __html: html }} />;

export const Markdown = ({ source, singleline }: { source?: string; singleline?: boolean }) =>
  source ? messageHtmlToComponent(formatText(source, { singleline })) : null;
