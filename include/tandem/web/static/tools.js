// The editor's tools, beside what htmx does: files that are read, checkboxes of a table, and
// suggestions that are accepted one after the other.
"use strict";

// A mapping file's bytes as text: Windows likes to write XML as UTF-16.
function textOf(bytes) {
  const start = new Uint8Array(bytes.slice(0, 2));
  const mark = start.length === 2 ? start[0] * 256 + start[1] : 0;
  const encoding = { 0xfffe: "utf-16le", 0xfeff: "utf-16be" }[mark] || "utf-8";
  return new TextDecoder(encoding).decode(bytes);
}

document.addEventListener("change", function (event) {
  const field = event.target;
  if (!(field instanceof HTMLInputElement)) return;
  if (field.dataset.reads && field.files.length) {
    field.files[0].arrayBuffer().then(function (bytes) {
      document.getElementById(field.dataset.reads).value = textOf(bytes);
    });
  }
  if (field.dataset.checks) {
    for (const one of document.querySelectorAll(`[data-checked-by="${field.dataset.checks}"]`)) {
      one.checked = field.checked;
    }
  }
});

document.addEventListener("click", function (event) {
  const target = event.target instanceof Element ? event.target : null;
  if (target && target.closest("[data-reloads]")) window.location.reload();
});

// What was accepted closes its dialog, unless it was one of many: then only its row goes.
let acceptedAlone = null;
document.addEventListener("htmx:beforeRequest", function (event) {
  const element = event.detail.elt;
  acceptedAlone = element.matches("tr [data-accepts]") ? element.closest("tr") : null;
});
document.addEventListener("htmx:oobBeforeSwap", function (event) {
  if (!acceptedAlone || event.detail.target.id !== "tool") return;
  event.detail.shouldSwap = false;
  event.stopPropagation(); // nobody else closes the dialog either
}, true);
document.addEventListener("htmx:afterRequest", function (event) {
  if (!event.detail.successful || !event.detail.elt.matches("[data-accepts]")) return;
  if (!acceptedAlone) {
    const dialog = event.detail.elt.closest("dialog");
    if (dialog) dialog.close();
    return;
  }
  const near = acceptedAlone.nextElementSibling || acceptedAlone.previousElementSibling;
  acceptedAlone.remove();
  acceptedAlone = null;
  const next = near ? near.querySelector("[data-accepts]") : document.querySelector("#tool [data-closes]");
  if (next) next.focus();
});
