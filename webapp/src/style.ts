// The theme's variables only, so that every theme fits, custom ones too. Text
// on the theme's button colour is hard to read in its dark themes: buttons
// have the colour as their border.

const ID = 'zoom-style';

const css = `
.zoom-card{background:var(--center-channel-bg);border:1px solid rgba(var(--center-channel-color-rgb),.16);border-left:4px solid var(--button-bg);border-radius:4px;padding:.75em 1em;margin:.25em 0;max-width:40em;overflow-wrap:anywhere}
.zoom-card.zoom-compact{padding:.25em .75em;margin:0}
.zoom-card.zoom-rhs{max-width:none}
.zoom-topic{font-weight:600}
.zoom-topic p{margin:0}
.zoom-detail,.zoom-times{margin:.25em 0 0;color:rgba(var(--center-channel-color-rgb),.8)}
.zoom-times,.zoom-actions{display:flex;flex-wrap:wrap;gap:.25em 1.5em}
.zoom-times dt{font-weight:600;display:inline}
.zoom-times dt::after{content:':'}
.zoom-times dd{display:inline;margin:0 0 0 .3em}
.zoom-actions{gap:.5em;margin-top:.5em;align-items:center}
.zoom-compact .zoom-actions{margin-top:.25em}
.zoom-button,.zoom-close{display:inline-block;font:inherit;font-weight:600;background:transparent;color:var(--center-channel-color);border:2px solid var(--button-bg);border-radius:4px;padding:.25em .85em;cursor:pointer}
a.zoom-button,a.zoom-button:hover,a.zoom-button:focus{color:var(--center-channel-color);text-decoration:none}
.zoom-button:hover,.zoom-close:hover{background:rgba(var(--button-bg-rgb),.12)}
.zoom-quiet{border-color:rgba(var(--center-channel-color-rgb),.4)}
.zoom-button[aria-disabled=true]{cursor:default;border-style:dashed}
.zoom-button:focus-visible,.zoom-close:focus-visible,.zoom-call:focus-visible{outline:2px solid var(--button-bg);outline-offset:2px}
.zoom-outcome:empty{display:none}
.zoom-outcome{flex-basis:100%}
.zoom-call{background:transparent;border:0;color:inherit;padding:.25em;display:inline-flex}
.zoom-entry{display:inline-flex;gap:.5em;align-items:center}
.zoom-notices{position:fixed;z-index:1100;top:8em;right:4em;max-width:min(26em,calc(100vw - 1em))}
.zoom-notice{display:flex;gap:.75em;align-items:flex-start;background:var(--center-channel-bg);color:var(--center-channel-color);border:1px solid rgba(var(--center-channel-color-rgb),.24);border-radius:4px;box-shadow:var(--elevation-4);padding:.75em 1em;overflow-wrap:anywhere}
.zoom-notice-text .zoom-button{display:block;width:fit-content;margin-top:.5em}
.zoom-notice p{margin:0}
.zoom-close{border-color:transparent;padding:0 .4em;margin-left:auto}
@media (max-width:768px){.zoom-notices{top:4em;right:.5em;left:.5em;max-width:none}}
`;

export function removeStyle() {
  document.getElementById(ID)?.remove();
}

export function addStyle() {
  removeStyle();
  const style = document.createElement('style');
  style.id = ID;
  style.textContent = css;
  document.head.appendChild(style);
}
