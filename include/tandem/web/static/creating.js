// A file of the user's fills a text; a text that cannot be saved here becomes a file of his.
"use strict";

document.addEventListener("change", function (event) {
  const chosen = event.target;
  if (!(chosen instanceof HTMLInputElement) || !chosen.dataset.fills || !chosen.files.length) return;
  chosen.files[0].text().then(function (text) {
    document.getElementById(chosen.dataset.fills).value = text;
  });
});

document.addEventListener("click", function (event) {
  const button = event.target instanceof Element && event.target.closest("[data-downloads-text]");
  if (!button) return;
  const text = document.getElementById(button.dataset.downloadsText).value;
  const way = document.createElement("a");
  way.href = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
  way.download = button.dataset.as;
  way.click();
  URL.revokeObjectURL(way.href);
});
