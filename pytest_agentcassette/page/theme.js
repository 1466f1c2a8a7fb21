"use strict";

// Before anything is drawn: light or dark, as it was chosen the last time. A browser may keep nothing for a page, and say so with an error.
const THEME = "agentcassette-theme";

function keepTheme(choice) {
  const root = document.documentElement;
  if (choice === "light" || choice === "dark") root.dataset.theme = choice;
  else delete root.dataset.theme;
  try {
    if (root.dataset.theme) localStorage.setItem(THEME, choice);
    else localStorage.removeItem(THEME);
  } catch { /* it lasts as long as the page is open */ }
}

try {
  keepTheme(localStorage.getItem(THEME));
} catch { /* as the system has it */ }
