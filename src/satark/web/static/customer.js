// What the customer's page can do beyond plain forms: copy, print, and send an answer once.
(() => {
  "use strict";
  for (const tools of document.querySelectorAll("[data-tools]")) tools.hidden = false;

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if ("print" in button.dataset) window.print();
    if (!button.dataset.copy) return;
    const source = document.getElementById(button.dataset.copy);
    let copied = false;
    try {
      await navigator.clipboard.writeText(source.textContent);
      copied = true;
    } catch {
      // Without the clipboard (an old browser, no HTTPS) the text is selected, ready for the reader's own hand.
      const range = document.createRange();
      range.selectNodeContents(source);
      const selection = window.getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      source.focus();
    }
    const said = document.querySelector("[data-said]");
    if (copied && said) {
      said.textContent = button.dataset.copied;
      button.textContent = button.dataset.copied;
    }
  });

  for (const form of document.querySelectorAll("form[data-once]")) {
    let sent = false;
    form.addEventListener("submit", (event) => {
      if (sent) event.preventDefault();
      sent = true;
    });
    // Coming back by the browser's own button brings the page with its state.
    window.addEventListener("pageshow", () => { sent = false; });
  }
})();
