"use strict";
const kPauseMilliseconds = 200; // after the last key: shorter than a reader notices, longer than between two keys
const kShownIntents = 8; // as many as a phone shows without scrolling
const kHistory = 20;
const kFirstBucketMilliseconds = 0.5; // the buckets of the histogram: up to 0.5 ms, 1 ms, … 256 ms, and above
const kBuckets = 11;

const element = (id) => document.getElementById(id);
const node = (name, className, text) => {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
};
const percent = (share) => (100 * share).toFixed(1) + " %";
const milliseconds = (time) => time.toFixed(time < 10 ? 2 : time < 100 ? 1 : 0) + " ms";

let key = "";
let timer;
let pending; // the AbortController of the query that has no answer yet
const latencies = [];
let hits = 0;
const history = [];

function query() {
  const body = { text: element("text").value, top_k: kShownIntents - 1 };
  if (element("model").options.length > 1) body.model = element("model").value;
  return body;
}

function headers() {
  const sent = { "Content-Type": "application/json" };
  if (key) sent.Authorization = "Bearer " + key;
  return sent;
}

// What the server says about a failure, in the body of its native dialect or of another one.
async function problem(response) {
  const text = await response.text();
  try {
    const { error } = JSON.parse(text);
    return error.message ?? error;
  } catch {
    return text.trim() || response.statusText;
  }
}

async function ask() {
  clearTimeout(timer);
  pending?.abort();
  const body = query();
  if (!body.text.trim()) {
    element("ranking").replaceChildren();
    element("answer").replaceChildren(node("span", "quiet", "No message yet."));
    return;
  }
  const mine = (pending = new AbortController());
  element("ranking").classList.add("stale");
  const start = performance.now();
  try {
    const response = await fetch("/v1/predict", {
      method: "POST",
      headers: headers(),
      body: JSON.stringify(body),
      signal: mine.signal,
    });
    if (response.status === 401) element("key-form").hidden = false;
    if (!response.ok) throw new Error(response.status + ": " + (await problem(response)));
    const prediction = await response.json();
    if (prediction.error) throw new Error(prediction.error.message ?? prediction.error);
    const answer = {
      text: body.text,
      prediction,
      milliseconds: performance.now() - start,
      hit: /\bcache;\s*desc="?hit/.test(response.headers.get("Server-Timing") ?? ""),
    };
    if (mine.signal.aborted) return; // a newer query has taken its place
    showAnswer(answer);
    record(answer);
  } catch (failure) {
    if (mine.signal.aborted) return;
    element("ranking").replaceChildren();
    const said = failure instanceof TypeError ? "The server does not answer." : failure.message;
    element("answer").replaceChildren(node("span", "problem", said));
  } finally {
    if (pending === mine) element("ranking").classList.remove("stale");
  }
}

function showAnswer({ prediction }) {
  const shown = [node("span", "name", prediction.intent), node("span", "number quiet", percent(prediction.confidence))];
  if (prediction.needs_review) shown.push(node("span", "mark", "⚑ needs review"));
  if (prediction.truncated) shown.push(node("span", "mark", "cut to the model's length"));
  element("answer").replaceChildren(...shown);
  const ranked = [prediction, ...(prediction.alternatives ?? [])];
  element("ranking").replaceChildren(
    ...ranked.map(({ intent, confidence }) => {
      const bar = node("span", "bar", "");
      bar.style.width = 100 * confidence + "%";
      const row = document.createElement("li");
      row.append(bar, node("span", "name", intent), node("span", "number", percent(confidence)));
      return row;
    }),
  );
}

function record(answer) {
  latencies.push(answer.milliseconds);
  hits += answer.hit;
  const ordered = [...latencies].sort((a, b) => a - b);
  element("last").textContent = milliseconds(answer.milliseconds);
  element("median").textContent = milliseconds(ordered[ordered.length >> 1]);
  element("cached").textContent = percent(hits / latencies.length);
  showHistogram();
  // While a message grows, its beginnings are one query.
  if (history.length && (answer.text.startsWith(history[0].text) || history[0].text === answer.text)) history.shift();
  const again = history.findIndex(({ text }) => text === answer.text);
  if (again >= 0) history.splice(again, 1);
  history.unshift(answer);
  history.length = Math.min(history.length, kHistory);
  showHistory();
}

function showHistogram() {
  const counts = new Array(kBuckets).fill(0);
  for (const time of latencies) {
    const bucket = Math.ceil(Math.log2(time / kFirstBucketMilliseconds));
    ++counts[Math.min(Math.max(bucket, 0), kBuckets - 1)];
  }
  const most = Math.max(...counts);
  const draw = (name, attributes, text = "") => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
    made.textContent = text;
    return made;
  };
  const width = 360 / kBuckets;
  const shapes = [draw("line", { class: "base", x1: 0, x2: 360, y1: 90.5, y2: 90.5 })];
  counts.forEach((count, i) => {
    const height = (74 * count) / most;
    const middle = (i + 0.5) * width;
    const bound = kFirstBucketMilliseconds * 2 ** i;
    shapes.push(draw("rect", { class: "column", x: i * width + 2, y: 90 - height, width: width - 4, height }));
    if (count) shapes.push(draw("text", { x: middle, y: 86 - height }, count));
    shapes.push(draw("text", { x: middle, y: 104 }, i < kBuckets - 1 ? "≤" + bound : "more"));
  });
  element("histogram").replaceChildren(...shapes);
  element("histogram").setAttribute("aria-label", `Histogram of ${latencies.length} round trips in milliseconds`);
}

function showHistory() {
  element("no-history").hidden = true;
  element("history").replaceChildren(
    ...history.map(({ text, prediction, milliseconds: time, hit }) => {
      const button = node("button", "", "");
      button.type = "button";
      button.append(node("span", "text", text), node("span", "number", percent(prediction.confidence)));
      button.append(node("span", "name quiet", `${prediction.intent} · ${milliseconds(time)}${hit ? " · cached" : ""}`));
      button.addEventListener("click", () => {
        element("text").value = text;
        showSnippet();
        ask();
      });
      const row = document.createElement("li");
      row.append(button);
      return row;
    }),
  );
}

function showSnippet() {
  const url = location.origin + "/v1/predict";
  const body = JSON.stringify({ ...query(), text: query().text || element("text").placeholder });
  const language = document.querySelector("input[name=language]:checked").value;
  const quoted = (text) => "'" + text.replaceAll("'", "'\\''") + "'";
  const curl =
    `curl ${url} \\\n  -H 'Content-Type: application/json' \\\n` +
    (key ? '  -H "Authorization: Bearer $FASTINTENT_API_KEY" \\\n' : "") +
    `  -d ${quoted(body)}`;
  const python =
    `import json\n${key ? "import os\n" : ""}import urllib.request\n\nrequest = urllib.request.Request(\n` +
    `    "${url}",\n    json.dumps(${body}).encode(),\n    {"Content-Type": "application/json"` +
    (key ? `,\n     "Authorization": "Bearer " + os.environ["FASTINTENT_API_KEY"]` : "") +
    "},\n)\nprint(json.load(urllib.request.urlopen(request)))";
  element("snippet").textContent = language === "curl" ? curl : python;
}

async function listModels() {
  const response = await fetch("/v1/models", { headers: headers() });
  if (!response.ok) {
    element("key-form").hidden = response.status !== 401;
    return;
  }
  const { data } = await response.json();
  element("model").replaceChildren(...data.map(({ id }) => new Option(id)));
  element("models").hidden = data.length === 0;
}

element("text").addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(ask, kPauseMilliseconds);
  showSnippet();
});
element("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    ask();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.closest("textarea, input, select")) {
    event.preventDefault();
    element("text").focus();
  }
});
element("model").addEventListener("change", () => {
  showSnippet();
  ask();
});
element("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  key = element("key").value.trim();
  showSnippet();
  listModels().catch(() => {});
  ask();
});
for (const choice of document.querySelectorAll("input[name=language]")) choice.addEventListener("change", showSnippet);
element("copy").addEventListener("click", async () => {
  const range = document.createRange();
  range.selectNodeContents(element("snippet"));
  getSelection().removeAllRanges();
  getSelection().addRange(range); // what is left to do by hand where a page may not write the clipboard
  try {
    await navigator.clipboard.writeText(element("snippet").textContent);
    element("copy").textContent = "Copied";
  } catch {
    element("copy").textContent = "Selected";
  }
  setTimeout(() => (element("copy").textContent = "Copy"), 1500);
});
showSnippet();
listModels().catch(() => {});
