// What waits: which records are chosen, and how a decision about them is told.
"use strict";

function chosenOf(form) {
  return Array.from(form.elements).filter((field) => field.type === "checkbox" && field.name && !field.disabled);
}

// Whatever counts the chosen records of a form, or needs some, follows.
function recount() {
  for (const ended of document.querySelectorAll(".conflict .settled")) {
    const box = ended.closest(".conflict").querySelector("input[type=checkbox]");
    if (box) box.disabled = true;
  }
  for (const all of document.querySelectorAll("[data-all-of]")) {
    const form = document.getElementById(all.dataset.allOf);
    const boxes = chosenOf(form);
    const count = boxes.filter((box) => box.checked).length;
    all.checked = count > 0 && count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
    for (const told of document.querySelectorAll(`[data-count-of="${form.id}"]`)) told.textContent = count;
    for (const button of document.querySelectorAll(`[data-needs="${form.id}"]`)) button.disabled = count === 0;
    if (form.elements.count) form.elements.count.value = count;
  }
}

document.addEventListener("change", function (event) {
  const all = event.target.dataset.allOf;
  if (all) for (const box of chosenOf(document.getElementById(all))) box.checked = event.target.checked;
  if (event.target.closest("[data-sends-itself]")) event.target.form.submit();
  recount();
});
document.addEventListener("DOMContentLoaded", recount);
document.addEventListener("htmx:afterSettle", recount);

// The buttons say what becomes of the chosen records; Enter alone does not.
document.addEventListener("submit", function (event) {
  if (event.target.querySelector("[data-all-of]")) event.preventDefault();
});

document.addEventListener("click", function (event) {
  const clears = event.target.closest("[data-clears]");
  if (!clears) return;
  document.getElementById(clears.dataset.clears).replaceChildren();
  document.getElementById("main").focus();
});

// Records travel as objects, not as the texts that forms hold; sides of fields by the field's name.
document.addEventListener("tandem:body", function (event) {
  const { element, body } = event.detail;
  if (Array.isArray(body.records)) body.records = body.records.map((text) => JSON.parse(text));
  const form = element.tagName === "FORM" ? element : null;
  for (const radio of form ? form.querySelectorAll("input[data-field]") : []) {
    delete body[radio.name];
    if (!radio.checked) continue;
    body.fields = body.fields || {};
    body.fields[radio.dataset.field] = radio.value;
  }
});
