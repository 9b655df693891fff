// The figures refresh by themselves, except while somebody reads a table or stands on one with the keyboard.
"use strict";
document.addEventListener("htmx:beforeRequest", (event) => {
  const figures = document.getElementById("figures");
  if (event.target === figures && (figures.querySelector("details[open]") || figures.contains(document.activeElement) || document.hidden)) {
    event.preventDefault();
  }
});
