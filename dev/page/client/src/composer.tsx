// The message box, with suggestions for slash commands.

import { IntegrationTypes } from 'mattermost-redux/action_types';
import { Client4 } from 'mattermost-redux/client';
import React, { useId, useRef, useState, type FormEvent, type KeyboardEvent } from 'react';
import { webLink } from './markdown';
import { attempt, complain, dispatch, store } from './store';

type Suggestion = { Complete: string; Hint: string; Description: string };
type Where = { channel_id: string; root_id: string };

async function send(message: string, where: Where) {
  if (!message.startsWith('/')) return Client4.createPost({ ...where, message } as never);
  const args = { ...where, team_id: store.getState().entities.teams.currentTeamId };
  const { trigger_id, goto_location } = await Client4.executeCommand(message, args as never);
  dispatch({ type: IntegrationTypes.RECEIVED_DIALOG_TRIGGER_ID, data: trigger_id });
  dispatch({ type: IntegrationTypes.RECEIVED_DIALOG_ARGUMENTS, data: { channel_id: where.channel_id } });
  const to = goto_location && webLink(goto_location);
  if (to) window.open(to, '_blank', 'noopener');
  return undefined;
}

export function Composer({ channelId, rootId = '', tries }: { channelId: string; rootId?: string; tries?: string[] }) {
  const [text, setText] = useState('');
  const [list, setList] = useState<Suggestion[]>([]);
  const [chosen, setChosen] = useState(-1);
  const box = useRef<HTMLTextAreaElement>(null);
  const asked = useRef(0);
  const id = useId();
  const where = { channel_id: channelId, root_id: rootId };

  const suggest = async (input: string) => {
    const turn = ++asked.current;
    const team = store.getState().entities.teams.currentTeamId;
    const wanted = input.startsWith('/') && !input.includes('\n');
    const found = wanted ? await Client4.getCommandAutocompleteSuggestionsList(input, team, where as never) : [];
    if (turn !== asked.current) return; // something else has been typed since
    setList((found ?? []) as unknown as Suggestion[]);
    setChosen(-1);
  };
  const change = (input: string) => {
    setText(input);
    suggest(input).catch(complain);
  };
  const close = () => {
    asked.current++;
    setList([]);
  };
  const take = (suggestion: Suggestion) => {
    change(`/${suggestion.Complete} `);
    box.current?.focus();
  };
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    const message = text.trim();
    if (!message) return;
    setText('');
    close();
    attempt(() => send(message, where).catch((error) => {
      setText(message);
      throw error;
    }));
  };
  const press = (event: KeyboardEvent) => {
    const open = list.length > 0;
    if (event.nativeEvent.isComposing) return;
    if (open && event.key === 'ArrowDown') setChosen((chosen + 1) % list.length);
    else if (open && event.key === 'ArrowUp') setChosen((Math.max(chosen, 0) + list.length - 1) % list.length);
    else if (open && ((event.key === 'Tab' && !event.shiftKey) || (event.key === 'Enter' && chosen >= 0))) take(list[Math.max(chosen, 0)]);
    else if (open && event.key === 'Escape') close();
    else if (event.key === 'Enter' && !event.shiftKey) submit();
    else return;
    event.preventDefault();
  };
  return (
    <form className="composer" onSubmit={submit}>
      {list.length > 0 && (
        <ul id={id} role="listbox" aria-label="Suggestions">
          {list.map((s, i) => (
            <li key={s.Complete} id={`${id}-${i}`} role="option" aria-selected={i === chosen} onMouseDown={(event) => { event.preventDefault(); take(s); }}>
              <b>/{s.Complete}</b> <i>{s.Hint}</i><span>{s.Description}</span>
            </li>
          ))}
        </ul>
      )}
      {tries && tries.length > 0 && (
        <div className="tries" role="group" aria-label="Worth trying">
          Try {tries.map((line) => <button key={line} type="button" onClick={() => change(line)}>{line}</button>)}
        </div>
      )}
      <div className="box">
        <textarea ref={box} rows={Math.min(text.split('\n').length, 6)} value={text} placeholder={rootId ? 'Reply' : 'Write a message, or / for a command'}
          role="combobox" aria-label={rootId ? 'Reply' : 'Message or /command'} aria-autocomplete="list" aria-expanded={list.length > 0}
          aria-controls={list.length > 0 ? id : undefined} aria-activedescendant={chosen >= 0 ? `${id}-${chosen}` : undefined}
          autoComplete="off" autoCapitalize="off" onChange={(event) => change(event.target.value)} onKeyDown={press} onBlur={close} />
        <button className="button primary">Send</button>
      </div>
    </form>
  );
}
