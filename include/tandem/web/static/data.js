// The form of the Data page: only what goes with the chosen kind can be chosen.
"use strict";

document.addEventListener("DOMContentLoaded", function () {
  const form = document.querySelector(".data-form");
  if (!form) return;
  const skips = { import: "upload_only", export: "download_only" };

  function adapt() {
    const kind = form.elements.kind.value;
    const chosenFor = kind === "sync" ? [kind, form.elements.mode.value] : [kind];
    for (const part of form.querySelectorAll("fieldset[data-for]")) {
      const fits = part.dataset.for.split(" ").some((one) => chosenFor.includes(one));
      part.hidden = part.disabled = !fits;
    }
    let chosen = 0;
    let all = 0;
    for (const entity of form.querySelectorAll("li[data-direction]")) {
      const box = entity.querySelector("input");
      box.disabled = entity.dataset.direction === skips[kind];
      if (box.disabled) continue;
      all += 1;
      if (box.checked) chosen += 1;
    }
    const told = chosen ? chosen + " of " + all : "all " + all;
    const count = form.querySelector("[data-count]");
    if (count.textContent !== told) count.textContent = told;
  }

  form.addEventListener("change", adapt);
  form.addEventListener("input", function (event) {
    if (!event.target.matches("[data-find]")) return;
    const wanted = event.target.value.trim().toLowerCase();
    for (const entity of form.querySelectorAll("li[data-direction]")) {
      entity.hidden = !entity.textContent.toLowerCase().includes(wanted);
    }
  });
  adapt();
});
