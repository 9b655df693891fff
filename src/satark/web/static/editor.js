// The editor of a policy's text: line numbers, the way from a mistake to its line, and what was typed kept in this tab
// until it is saved, so that neither a session that ended nor a closed page loses it.
"use strict";
(() => {
  const SENT = "satark-draft-sent";
  const form = document.querySelector("[data-editor]");
  const text = document.getElementById("draft-text");
  if (!form || !text) {
    // A page of the version: what was sent has been kept, so this tab need not keep it any more.
    try {
      const sent = sessionStorage.getItem(SENT);
      if (sent) { sessionStorage.removeItem(sent); sessionStorage.removeItem(SENT); }
    } catch { /* switched off */ }
    return;
  }
  const gutter = form.querySelector("[data-gutter]");
  const note = document.querySelector("[data-kept]");
  const key = "satark-draft:" + form.getAttribute("action");
  const began = text.value;
  let lines = 0;

  const number = () => {
    const count = text.value.split("\n").length;
    if (count !== lines) {
      lines = count;
      gutter.textContent = Array.from({ length: count }, (_, place) => place + 1).join("\n");
    }
    gutter.scrollTop = text.scrollTop;
  };
  const kept = () => { try { return sessionStorage.getItem(key); } catch { return null; } };
  const keep = (value) => { try { value === null ? sessionStorage.removeItem(key) : sessionStorage.setItem(key, value); } catch { /* full or switched off */ } };
  const show = () => { const before = kept(); note.hidden = before === null || before === text.value; };

  if (form.dataset.saved === "true") show(); else keep(text.value);
  number();
  text.addEventListener("scroll", () => { gutter.scrollTop = text.scrollTop; });
  text.addEventListener("input", () => { number(); keep(text.value); });
  document.querySelector("[data-restore]").addEventListener("click", () => {
    text.value = kept() ?? text.value; number(); show(); text.focus();
  });
  document.querySelector("[data-drop]").addEventListener("click", () => { keep(null); show(); });
  let sending = false;
  form.addEventListener("submit", () => {
    sending = true;
    try { sessionStorage.setItem(SENT, key); } catch { /* as above */ }
  });
  addEventListener("beforeunload", (event) => { if (!sending && text.value !== began) event.preventDefault(); });
  for (const link of document.querySelectorAll("[data-line]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const all = text.value.split("\n");
      const place = Math.min(Number(link.dataset.line), all.length) - 1;
      const start = all.slice(0, place).reduce((sum, line) => sum + line.length + 1, 0);
      text.focus();
      text.setSelectionRange(start, start + all[place].length);
      text.scrollTop = Math.max(0, (text.scrollHeight / all.length) * (place - 5));
      text.scrollIntoView({ block: "nearest" });
    });
  }
})();
