// Lets a click on a column's heading sort its table: largest first for numbers, else by alphabet; a
// second click turns the order round.
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.querySelectorAll("th")];
  for (const heading of headings) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const numbers = heading.classList.contains("number");
      const first = numbers ? "descending" : "ascending";
      const other = numbers ? "ascending" : "descending";
      const order = heading.ariaSort === first ? other : first;
      headings.forEach((each) => each.removeAttribute("aria-sort"));
      heading.ariaSort = order;
      const cell = (row) => row.cells[heading.cellIndex];
      const key = (row) => cell(row).dataset.value ?? cell(row).textContent;
      const compare = (a, b) => (numbers ? key(a) - key(b) : key(a).localeCompare(key(b)));
      const rows = [...table.tBodies[0].rows].sort(compare);
      table.tBodies[0].append(...(order === "ascending" ? rows : rows.reverse()));
    });
  }
}
