// Keyboard shortcuts. Whatever carries `data-key` is pressed, opened or focused by that key; `?` lists them all, and
// there they can be switched off (WCAG 2.1.4). Keys of other layouts (Devanagari) count by their place.
(function () {
  "use strict";
  // The bar is wider than a phone: show where we are.
  var bar = document.querySelector(".areas nav");
  var here = bar && bar.querySelector("[aria-current]");
  if (here && bar.scrollWidth > bar.clientWidth) {
    bar.scrollLeft = here.offsetLeft - (bar.clientWidth - here.offsetWidth) / 2;
  }

  var help = document.getElementById("keys");
  var list = document.getElementById("keys-list");
  var toggle = document.getElementById("keys-on");
  if (!help || !list || !toggle || !help.showModal) { return; }
  var NAME = "satark_keys";
  var on = true;
  try { on = window.localStorage.getItem(NAME) !== "off"; } catch (error) { on = true; }
  toggle.checked = on;

  function keyed() { return Array.prototype.slice.call(document.querySelectorAll("[data-key]")); }

  function line(key, words) {
    var row = document.createElement("div");
    var term = document.createElement("dt");
    var meaning = document.createElement("dd");
    var cap = document.createElement("kbd");
    cap.textContent = key;
    term.appendChild(cap);
    meaning.textContent = words;
    row.appendChild(term);
    row.appendChild(meaning);
    list.appendChild(row);
  }

  function show() {
    list.textContent = "";
    var rows = document.getElementById("row-keys");
    if (rows) {
      line("j / k", rows.dataset.rowsHelp);
      line("x", rows.dataset.tickHelp);
    }
    keyed().forEach(function (element) {
      if (element.offsetParent !== null || element.closest("details:not([open])")) {
        line(element.dataset.key, element.dataset.keyHelp || element.textContent.trim());
      }
    });
    line("?", list.dataset.own);
    help.showModal();
  }

  function letter(event) {
    if (event.key.length === 1 && /[!-~]/.test(event.key)) { return event.key.toLowerCase(); }
    var match = /^Key([A-Z])$/.exec(event.code || "");
    return match ? match[1].toLowerCase() : event.key;
  }

  function typing(element) {
    if (!element || !element.matches) { return false; }
    return element.isContentEditable
      || element.matches("textarea, select, input:not([type='checkbox']):not([type='radio']):not([type='submit'])");
  }

  function press(element) {
    var folded = element.closest("details:not([open])");
    if (element.tagName === "SUMMARY") {
      element.parentElement.open = true;
      var then = element.parentElement.querySelector("[data-key-then]");
      (then || element).focus();
      return;
    }
    if (folded) { folded.open = true; }
    if (element.matches("input, textarea, select")) { element.focus(); } else { element.click(); }
  }

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) { return; }
    if (typing(event.target)) {
      if (event.key === "Escape") { event.target.blur(); }
      return;
    }
    if (document.querySelector("dialog[open]")) { return; }
    var key = letter(event);
    if (key === "?") {
      event.preventDefault();
      show();
      return;
    }
    if (!on) { return; }
    if (document.getElementById("row-keys") && "jkx".indexOf(key) >= 0) {
      event.preventDefault();
      document.dispatchEvent(new CustomEvent("satark:row", { detail: { j: "next", k: "previous", x: "tick" }[key] }));
      return;
    }
    var found = keyed().filter(function (element) { return element.dataset.key === key && !element.disabled; })[0];
    if (found) {
      event.preventDefault();
      press(found);
    }
  });

  toggle.addEventListener("change", function () {
    on = toggle.checked;
    try { window.localStorage.setItem(NAME, on ? "on" : "off"); } catch (error) { /* Only for this page, then. */ }
  });
  document.querySelectorAll("[data-keys-open]").forEach(function (button) {
    button.classList.add("ready");
    button.addEventListener("click", show);
  });
})();
