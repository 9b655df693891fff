// A field that hides the items of a list that do not hold what is typed. Without this script it is not shown at all.
"use strict";
for (const input of document.querySelectorAll("input[data-filter]")) {
  const items = [...document.querySelectorAll(input.dataset.filter)].map((item) => [item, item.textContent.toLowerCase()]);
  input.closest(".filter").classList.add("ready");
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    for (const [item, text] of items) item.hidden = !text.includes(wanted);
  });
}
