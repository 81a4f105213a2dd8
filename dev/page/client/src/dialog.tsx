// A dialog that a plugin has the server open, with the elements we use.

import { Client4 } from 'mattermost-redux/client';
import React, { useEffect, useRef, useState, type FormEvent } from 'react';
import { Markdown } from './markdown';
import { reasonOf, useView } from './store';

type Element = {
  name: string;
  display_name: string;
  type: string;
  subtype?: string;
  default?: string;
  placeholder?: string;
  help_text?: string;
  optional?: boolean;
  options?: { text: string; value: string }[];
};
type Opened = {
  trigger_id: string;
  url: string;
  dialog: {
    callback_id: string;
    title: string;
    introduction_text?: string;
    elements?: Element[];
    submit_label?: string;
    notify_on_cancel?: boolean;
    state: string;
  };
};

function Input({ of: e }: { of: Element }) {
  const shared = { name: e.name, required: !e.optional, placeholder: e.placeholder, defaultValue: e.default };
  const options = e.options ?? [];
  switch (e.type) {
    case 'textarea':
      return <textarea {...shared} />;
    case 'bool':
      return <input name={e.name} type="checkbox" defaultChecked={e.default === 'true'} />;
    case 'select':
      return (
        <select {...shared}>
          {(e.optional || !e.default) && <option value="">{e.placeholder}</option>}
          {options.map((o) => <option key={o.value} value={o.value}>{o.text}</option>)}
        </select>
      );
    case 'radio':
      return (
        <>
          {options.map((o) => (
            <label key={o.value}>
              <input type="radio" name={e.name} value={o.value} defaultChecked={o.value === e.default} />
              {o.text}
            </label>
          ))}
        </>
      );
  }
  return <input {...shared} type={e.subtype || 'text'} />;
}

function Field({ of: e, problem }: { of: Element; problem?: string }) {
  const help = <>{e.help_text && <small>{e.help_text}</small>}{problem && <small className="problem" role="alert">{problem}</small>}</>;
  if (e.type === 'radio') return <fieldset className="field"><legend>{e.display_name}</legend><Input of={e} />{help}</fieldset>;
  return <label className="field"><b>{e.display_name}</b><Input of={e} />{help}</label>;
}

function Form({ opened: { url, dialog }, close }: { opened: Opened; close: () => void }) {
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [error, setError] = useState('');
  const box = useRef<HTMLDialogElement>(null);
  const args = useView((state) => state.entities.integrations.dialogArguments);
  const channelId = useView((state) => args?.channel_id || state.entities.channels.currentChannelId);
  const where = useView((state) => ({ team_id: state.entities.teams.currentTeamId, user_id: state.entities.users.currentUserId }));
  const elements = dialog.elements ?? [];
  const answer = (submission: Record<string, string>, cancelled: boolean) => Client4.submitInteractiveDialog({
    url, callback_id: dialog.callback_id, state: dialog.state, channel_id: channelId, ...where, submission, cancelled,
  });
  useEffect(() => box.current?.showModal(), []);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const value = (e: Element) => (e.type === 'bool' ? form.has(e.name) : form.get(e.name) ?? '');
    try {
      const { errors: fields, error: whole } = await answer(Object.fromEntries(elements.map((e) => [e.name, value(e)])) as never, false) ?? {};
      setErrors(fields ?? {});
      setError(whole ?? '');
      if (!whole && !Object.keys(fields ?? {}).length) close();
    } catch (failure) {
      setError(reasonOf(failure));
    }
  };
  const cancel = () => {
    close();
    if (dialog.notify_on_cancel) answer({}, true).catch((failure) => setError(reasonOf(failure)));
  };
  return (
    <dialog ref={box} aria-labelledby="dialog-title" onCancel={cancel}>
      <form onSubmit={submit}>
        <h2 id="dialog-title">{dialog.title}</h2>
        <Markdown source={dialog.introduction_text} />
        {elements.map((e) => <Field key={e.name} of={e} problem={errors[e.name]} />)}
        {error && <p className="problem" role="alert">{error}</p>}
        <div className="actions">
          <button type="button" className="button" onClick={cancel}>Cancel</button>
          <button className="button primary">{dialog.submit_label || 'Submit'}</button>
        </div>
      </form>
    </dialog>
  );
}

// The dialog often comes before the answer that says it is for this tab.
export function Dialogs() {
  const { dialog, dialogTriggerId } = useView((state) => state.entities.integrations);
  const [closed, setClosed] = useState('');
  const opened = dialog as unknown as Opened | undefined;
  if (!opened?.trigger_id || opened.trigger_id !== dialogTriggerId || opened.trigger_id === closed) return null;
  return <Form key={opened.trigger_id} opened={opened} close={() => setClosed(opened.trigger_id)} />;
}
