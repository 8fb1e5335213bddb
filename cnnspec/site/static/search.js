// Searches the list of networks: all words must be in a row.
"use strict";
const rows = [...document.querySelectorAll("#networks tbody tr")];
const pattern = document.getElementById("pattern"), found = document.getElementById("found");
const texts = rows.map(row => row.textContent.toLowerCase());

function search() {
  const words = pattern.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  rows.forEach((row, i) => {
    row.hidden = !words.every(word => texts[i].includes(word));
    shown += !row.hidden;
  });
  found.textContent = words.length ? `${shown} of ${rows.length} networks` : "";
}

document.getElementById("search").hidden = false;
pattern.addEventListener("input", search);
search();
